using System.CommandLine;
using PtaKernels.Cli.Inspect;
using PtaKernels.Corpus;
using PtaKernels.Text;

namespace PtaKernels.Cli;

/// <summary><c>pta inspect</c>: one document and one of its steps, to be read.</summary>
internal static class InspectCommand
{
    /// <summary>Target positions shown when no window is named.</summary>
    private const int DefaultWindow = 60;

    public static Command Create()
    {
        var common = new CommonOptions();
        var source = new Option<string>("--source") { Description = "documents as the giving model saw them: JSON lines, or a dataset folder", HelpName = "path", Required = true };
        var sourceVocabulary = new Option<string>("--source-vocab") { Description = "its vocabulary: " + VocabularyFile.Formats, HelpName = "file", Required = true };
        var target = new Option<string>("--target") { Description = "the same documents as the receiving model saw them", HelpName = "path", Required = true };
        var targetVocabulary = new Option<string>("--target-vocab") { Description = "its vocabulary, any of these forms", HelpName = "file", Required = true };
        var document = new Option<string?>("--document") { Description = "id of the document; default: the first one", HelpName = "id" };
        var row = new Option<int?>("--row") { Description = "target row to take apart; default: the first one that received something", HelpName = "n" };
        var from = new Option<int?>("--from") { Description = "first target position shown", HelpName = "n" };
        var to = new Option<int?>("--to") { Description = "target position to stop before", HelpName = "n" };
        var html = new Option<string?>("--html") { Description = "write the whole document as one HTML page that shows every step, and nothing else", HelpName = "file" };
        const string Files = "--source samples/gpt2.jsonl.gz --source-vocab samples/vocab/gpt2.json.gz --target samples/spA.jsonl.gz --target-vocab samples/vocab/spA.json.gz";
        var verb = new Verb(
            "inspect", "Show one document with both tokenizations, and one step taken apart: costs and plan, or shares by bytes, and the fused distribution.",
            $"pta inspect {Files} --document 501 --preset paper",
            $"pta inspect {Files} --document 338 --row 4 --mass renormalised",
            $"pta inspect {Files} --document 338 --mass renormalised --html 338.html")
        {
            source, sourceVocabulary, target, targetVocabulary, document, row, from, to, html, common.Backend, common.Json,
        };
        common.AddSwitches(verb);
        verb.SetAction(parse =>
        {
            AlignmentOptions options = common.OptionsOf(parse);
            IKernelBackend backend = common.OpenBackend(parse);
            TokenizedDocument targetView = Find(parse.GetValue(target)!, parse.GetValue(document));
            TokenizedDocument sourceView = Find(parse.GetValue(source)!, targetView.Id);
            var pair = new DocumentPair(sourceView, targetView);
            var terminal = Terminal.Of(parse);
            List<string> notices = [];
            (TokenVocabulary targetTokens, IFirstToken? encoder) = VocabularyFile.ReadTarget(parse.GetValue(targetVocabulary)!, options, notices.Add);
            var vocabularies = new VocabularyPair(VocabularyFile.Read(parse.GetValue(sourceVocabulary)!), targetTokens) { TargetEncoder = encoder };
            if (parse.GetValue(html) is { } page)
            {
                DocumentPage.Write(page, backend, pair, vocabularies, options, parse.GetValue(common.Preset)!);
                terminal.Notice($"{page}: document {pair.Target.Id}, {pair.Target.Length} target tokens; open it in a browser.");
                notices.ForEach(terminal.Notice);
                return 0;
            }

            var view = new DocumentView(terminal, backend, pair, vocabularies, options);
            if (parse.GetValue(common.Json))
                view.WriteJson(parse.GetValue(row));
            else
                view.Write(parse.GetValue(common.Preset)!, parse.GetValue(row), Window(view, parse.GetValue(row), parse.GetValue(from), parse.GetValue(to)));
            notices.ForEach(terminal.Notice);
            return 0;
        });
        return verb;
    }

    private static (int From, int To) Window(DocumentView view, int? row, int? from, int? to)
    {
        int length = view.Length;
        if (from is null && to is null)
        {
            int shown = row ?? view.FirstTransferred;
            int start = shown < DefaultWindow ? 0 : Math.Min(shown - (DefaultWindow / 2), Math.Max(0, length - DefaultWindow));
            return (start, Math.Min(length, start + DefaultWindow));
        }

        (int first, int last) = (from ?? 0, to ?? Math.Min(length, (from ?? 0) + DefaultWindow));
        return first >= 0 && first < last && first < length
            ? (first, Math.Min(last, length))
            : throw new ArgumentException($"the window {first}..{last} is empty; the document has the target positions 0..{length - 1}.");
    }

    private static TokenizedDocument Find(string path, string? id) =>
        DocumentFiles.Read(path).FirstOrDefault(d => id is null || d.Id == id)
        ?? throw new AlignmentDataException(id is null ? $"{path}: holds no documents." : $"{path}: has no document {id}.");
}
