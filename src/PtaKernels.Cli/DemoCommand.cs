using System.CommandLine;
using PtaKernels.Cli.Demo;
using PtaKernels.Cli.Inspect;

namespace PtaKernels.Cli;

/// <summary><c>pta demo</c>: the samples through every preset, then one document and one step of it.</summary>
internal static class DemoCommand
{
    /// <summary>The document with emoji, flags and joiners.</summary>
    private const string ShownDocument = "338";

    /// <summary>Its target positions that are shown, and the step that is taken apart.</summary>
    private const int ShownTo = 28;

    private const int ShownRow = 14;

    public static Command Create()
    {
        var common = new CommonOptions();
        var samples = new Option<string?>("--samples") { Description = "folder of the samples; default: samples/ here or above", HelpName = "dir" };
        var verb = new Verb(
            "demo", "Align a few real documents with every preset, compare them, and look into one: start here.",
            "pta demo",
            "pta demo --backend reference --json") { samples, common.Backend, common.Json };
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
            new("fusion (1)", samples, backend, AlignmentPreset.Fusion with { Mass = MassRule.Renormalised }, together: false),
        ];
        ProgressReport.Run(terminal, "aligning", "documents", runs.Length * samples.Sources.Length * samples.TargetDocuments.Length, advance =>
        {
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
        terminal.Line("[bold]What this shows.[/] Which rows each preset carries over, how its transports end, and how much of the teachers' mass survives on these documents.");
        terminal.Line("All candidates come from n-gram models and the true next token was pushed up on most steps, so no share above says what a language model or a student trained on it would do.");
        return 0;
    }

    private static void WriteIntroduction(Terminal terminal, DemoSamples samples, IKernelBackend backend)
    {
        terminal.Line($"[bold]Probabilistic token alignment, demonstrated[/] (backend {Terminal.Escape(backend.Name)})");
        terminal.Line($"{samples.TargetDocuments.Length} documents of prose, code, several scripts and emoji, seen by two teachers ({string.Join(", ", samples.Sources.Select(static s => s.Name))}) and a student ({samples.Target.Name}) with other tokenizers.");
        terminal.Line("For each student token the teachers' ten most probable next tokens are carried over to student tokens. They come from n-gram models, not from");
        terminal.Line("language models (samples/README.md). reference: what the published code does, paper: what the paper says, fusion: ours; `pta explain-mode` compares them.");
        terminal.Line();
    }

    private static void WriteNotes(Terminal terminal, DemoRun[] runs)
    {
        terminal.Line();
        terminal.Line("(1) with --mass renormalised, as the samples hold no log-sum-exp, and with each teacher alone, as they hold no cross-entropies to choose between them by.");
        foreach (IGrouping<string, string> document in runs.SelectMany(static r => r.SetAside.Select(a => (r.Name, a.Value))).GroupBy(static a => a.Value, static a => a.Name))
            terminal.Line($"Set aside by {string.Join(" and ", document)}: {Terminal.Escape(document.Key)}");
        foreach (DemoRun run in runs.Where(static r => r.Gold.FusedHits < r.Gold.TargetHits))
            terminal.Line($"[yellow]{run.Name}: fused rows name the next token less often than the student alone on the same rows; such a fusion teaches nothing.[/]");
    }

    private static void WriteDocument(Terminal terminal, DemoSamples samples, IKernelBackend backend)
    {
        int document = Math.Max(0, Array.FindIndex(samples.TargetDocuments, static d => d.Id == ShownDocument));
        var pair = new DocumentPair(samples.SourceDocuments[0][document], samples.TargetDocuments[document]);
        var view = new DocumentView(terminal, backend, pair, new VocabularyPair(samples.Sources[0], samples.Target), AlignmentPreset.Paper);
        terminal.Line();
        view.WriteDocument("paper", ShownRow, (0, Math.Min(view.Length, ShownTo)));
        terminal.Line();
        view.WriteStep(ShownRow);
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
            r.SetAside,
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
