using System.CommandLine;
using PtaKernels.Cli.Inspect;

namespace PtaKernels.Cli.Demo;

/// <summary><c>pta demo alignment</c>: the samples through every preset, then one document and one step of it.</summary>
internal static class AlignmentDemo
{
    /// <summary>A few lines of code with an emoji and Chinese text.</summary>
    private const string ShownDocument = "501";

    /// <summary>A row of it where the teacher is sure and right, and the student is not.</summary>
    private const int ShownRow = 28;

    private const int WarmUpDocuments = 20;

    private static AlignmentOptions FusionWithoutTail => AlignmentPreset.Fusion with { Mass = MassRule.Renormalised };

    public static Command Create()
    {
        var common = new CommonOptions();
        var samples = new Option<string?>("--samples") { Description = "folder of the samples; default: samples/ here or above", HelpName = "dir" };
        var verb = new Verb(
            "alignment", "Align a few real documents with every preset, compare them, and look into one; seconds, without models.",
            "pta demo alignment",
            "pta demo alignment --backend reference --json") { samples, common.Backend, common.Json };
        verb.SetAction(parse =>
        {
            IKernelBackend backend = common.OpenBackend(parse);
            return Run(Terminal.Of(parse), DemoSamples.Read(parse.GetValue(samples)), backend, parse.GetValue(common.Json));
        });
        return verb;
    }

    private static int Run(Terminal terminal, DemoSamples samples, IKernelBackend backend, bool json)
    {
        DemoRun[] runs =
        [
            new("reference", samples, backend, AlignmentPreset.Reference, together: true),
            new("paper", samples, backend, AlignmentPreset.Paper, together: true),
            new("fusion (1)", samples, backend, FusionWithoutTail, together: false),
        ];
        ProgressReport.Run(terminal, "aligning", "documents", runs.Length * samples.Sources.Length * samples.TargetDocuments.Length, advance =>
        {
            // The first run of any code compiles it; that is not what the seconds below are about.
            foreach (DemoRun run in runs)
                run.Run(static _ => { }, WarmUpDocuments);
            foreach (DemoRun run in runs)
                run.Run(advance);
        });
        if (json)
        {
            WriteJson(terminal, samples, backend, runs);
            return 0;
        }

        WriteIntroduction(terminal, samples, backend);
        new DemoTable(terminal, runs).Write();
        WriteNotes(terminal, runs);
        WriteDocument(terminal, samples, backend);
        terminal.Line();
        terminal.Line("[bold]What this shows:[/] which rows each preset carries over, how transports end where it solves any, and how much of what the");
        terminal.Line("teachers said survives on these documents. What it does not show: how good a student becomes, because the candidates come");
        terminal.Line("from n-gram models in which the true next token was pushed up on most steps.");
        return 0;
    }

    private static void WriteIntroduction(Terminal terminal, DemoSamples samples, IKernelBackend backend)
    {
        terminal.Line($"[bold]Probabilistic token alignment, demonstrated[/] (backend {Terminal.Escape(backend.Name)})");
        terminal.Line();
        terminal.Line($"{samples.TargetDocuments.Length} documents of prose, code, several scripts and emoji, as two teachers (the sources: {string.Join(", ", samples.Sources.Select(static s => s.Name))}) and a student");
        terminal.Line($"(the target: {samples.Target.Name}) see them, each with its own tokenizer. For every student token, the teachers' ten most probable next");
        terminal.Line("tokens become student tokens.");
        terminal.Line("All candidates come from n-gram models, not from language models (samples/README.md).");
        terminal.Line("Presets: reference does what the published code does, paper what the paper says, fusion is ours (`pta explain-mode`).");
        terminal.Line();
    }

    private static void WriteNotes(Terminal terminal, DemoRun[] runs)
    {
        terminal.Line();
        terminal.Line("(1) with --mass renormalised, because the samples hold no log-sum-exp, and with one teacher at a time, because they");
        terminal.Line("    hold no cross-entropies to choose between teachers by.");
        foreach (IGrouping<string, DemoRun> group in runs.Where(static r => r.SetAside.Count > 0).GroupBy(static r => string.Join(", ", r.SetAside.Keys.OrderBy(static k => k.Length).ThenBy(static k => k, StringComparer.Ordinal))))
        {
            DemoRun first = group.First();
            terminal.Line($"{first.SetAside.Count} documents are set aside by {string.Join(" and ", group.Select(static r => r.Name))}: their text differs too much between teacher and student, because");
            terminal.Line($"    a tokenizer changes it (documents {Terminal.Escape(group.Key)}). `reference` never looks at the text.");
        }

        string[] poorer = [.. runs.Where(static r => r.Gold.FusedHits < r.Gold.TargetHits).Select(static r => r.Name)];
        if (poorer.Length == 0)
            return;
        terminal.Line($"[yellow]Warning for {string.Join(", ", poorer)}: fused rows name the next token less often than the student alone does[/]");
        terminal.Line("[yellow]    on the same rows; with such teachers a fusion teaches nothing.[/]");
    }

    private static void WriteDocument(Terminal terminal, DemoSamples samples, IKernelBackend backend)
    {
        int document = Array.FindIndex(samples.TargetDocuments, static d => d.Id == ShownDocument);
        if (document < 0)
            return;
        var pair = new DocumentPair(samples.SourceDocuments[0][document], samples.TargetDocuments[document]);
        VocabularyPair vocabularies = VocabularyPair.OfTokens(samples.Sources[0], samples.Target);
        var paper = new DocumentView(terminal, backend, pair, vocabularies, AlignmentPreset.Paper);
        terminal.Line();
        paper.WriteDocument("paper", ShownRow, (0, paper.Length));
        terminal.Line();
        paper.WriteStep(ShownRow);
        terminal.Line();
        terminal.Line("[bold]The same step in preset fusion[/]: no costs and no transport. What a candidate has goes to the student's first token of its text");
        terminal.Line("and to longer tokens that fit, in proportion to the student's own probabilities (own %). So these decide between ways to");
        terminal.Line("write one text, and no longer limit how much of it the student receives.");
        terminal.Line();
        new DocumentView(terminal, backend, pair, vocabularies, FusionWithoutTail).WriteStep(ShownRow);
    }

    private static void WriteJson(Terminal terminal, DemoSamples samples, IKernelBackend backend, DemoRun[] runs) => terminal.WriteJson(new
    {
        Backend = backend.Name,
        Documents = samples.TargetDocuments.Length,
        TargetTokens = samples.TargetDocuments.Sum(static d => d.Length),
        Candidates = "top 10 of n-gram models",
        Presets = runs.Select(static r => new
        {
            Name = r.Name.Split(' ')[0],
            r.Documents,
            SetAside = r.SetAside.OrderBy(static a => a.Key, StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal),
            r.RowsSeen,
            Reached = DemoTable.Reached(r),
            Rows = Enum.GetValues<RowRule>().Where(rule => r.RowsOf(rule) > 0).ToDictionary(static rule => RowProvenance.LetterOf(rule).ToString(), r.RowsOf, StringComparer.Ordinal),
            r.Transports,
            Statuses = Enum.GetValues<TransportStatus>().ToDictionary(static s => s.ToString(), r.TransportsOf, StringComparer.Ordinal),
            r.SignalKept,
            GoldRows = r.Gold.Rows,
            GoldFused = r.Gold.FusedHits,
            GoldTarget = r.Gold.TargetHits,
            StageSeconds = Enum.GetValues<AlignmentStage>().ToDictionary(static s => s.ToString(), r.SecondsOf, StringComparer.Ordinal),
            r.Seconds,
        }),
    });
}
