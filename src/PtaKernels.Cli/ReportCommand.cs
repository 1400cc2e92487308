using System.CommandLine;
using PtaKernels.Alignment;
using PtaKernels.Corpus;
using PtaKernels.Corpus.Stores;
using PtaKernels.Pipeline;
using PtaKernels.Training;

namespace PtaKernels.Cli;

/// <summary><c>pta report</c>: what an alignment did, what it kept and what it taught, on one page.</summary>
internal static class ReportCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var corpus = new CorpusOptions(required: false);
        var run = new Argument<string>("run") { Description = "the output of a `pta fuse`; or of a `pta align`, with the files and switches that it was made with", HelpName = "path" };
        var student = new Option<string?>("--student") { Description = "which student of a fusion; default: the first", HelpName = "name" };
        Option<int> documents = ValueOption.Count("--documents", "documents that go through every preset", RunAnalysis.DefaultDocuments);
        var output = new Option<string?>("--out") { Description = "folder for the report; default: report in the run's folder, PATH.report beside aligned documents", HelpName = "folder" };
        var why = new Option<string?>("--why") { Description = "also show an answer of `pta why --out`: its why.json", HelpName = "file" };
        var tasks = new Option<string?>("--eval") { Description = "also show the tasks that lost and won most in the output of a `pta eval --tasks ... --against ... --json`", HelpName = "file" };
        var verb = new Verb(
            "report", "One page on a run: coverage, certificates, teacher signal, presets step by step, what training gave, and documents to be opened token by token.",
            "pta report fused/",
            "pta report fused/ --student paper --documents 500 --out paper-report/",
            "pta report aligned.jsonl.gz --target samples/spA.jsonl.gz --target-vocab samples/vocab/spA.json.gz --source samples/gpt2.jsonl.gz --source-vocab samples/vocab/gpt2.json.gz --mass renormalised")
        {
            run, student, documents, output, why, tasks, common.Backend, common.Json,
        };
        corpus.AddTo(verb);
        common.AddSwitches(verb);
        verb.SetAction((parse, cancellation) => Task.Run(() =>
        {
            var terminal = Terminal.Of(parse);
            string path = parse.GetValue(run)!;
            WhyReport? answer = parse.GetValue(why) is { } file ? WhyWriter.Read(file) : null;
            TaskSection? compared = parse.GetValue(tasks) is { } evaluation ? TaskSection.Read(evaluation) : null;
            IKernelBackend backend = common.OpenBackend(parse);
            bool fused = Directory.Exists(path) && FinishedRun.IsRun(path);
            RunInput input = fused
                ? OfRun(path, parse.GetValue(student), backend, terminal, given: corpus.AreGiven(parse) || common.GivenIn(parse).Count > 0 || common.NamesPreset(parse))
                : OfAligned(parse, path, common, corpus, backend, terminal, cancellation);
            RunReport report = RunAnalysis.Of(input, parse.GetValue(documents), new FuseProgress(terminal), cancellation) with { Why = answer, Tasks = compared };
            string to = parse.GetValue(output) ?? (fused ? Path.Combine(path, "report") : Path.TrimEndingDirectorySeparator(path) + ".report");
            RunReportWriter.Write(report, to);
            terminal.Output.WriteLine(parse.GetValue(common.Json) ? RunReportWriter.ToJson(report) : $"Report: {Path.Combine(to, RunReportWriter.FileName + ".html")}");
            return 0;
        }, cancellation));
        return verb;
    }

    private static RunInput OfRun(string path, string? student, IKernelBackend backend, Terminal terminal, bool given) => given
        ? throw new ArgumentException($"{path}: a fusion's folder says itself what it was made with; leave out switches, documents and vocabularies.")
        : RunInput.Of(FinishedRun.Open(path, backend, terminal.Notice), student, backend);

    /// <summary>Aligned documents do not say what they were made of: the command line has to.</summary>
    private static RunInput OfAligned(ParseResult parse, string path, CommonOptions common, CorpusOptions corpus, IKernelBackend backend, Terminal terminal, CancellationToken cancellation)
    {
        if (!Path.Exists(path))
            throw new AlignmentDataException($"{path}: no such file or folder; name the output of a `pta fuse` or a `pta align`.");
        if (!corpus.AreGiven(parse))
            throw new ArgumentException($"{path}: is no output of `pta fuse`; for aligned documents give --target, --target-vocab, --source and --source-vocab as `pta align` had them.");
        AlignmentOptions options = common.OptionsOf(parse);
        AlignmentSource[] sources = corpus.Open(parse, options, terminal.Notice);
        IDocumentReader target = DocumentFiles.Open(corpus.TargetFile(parse));
        IDocumentReader[] documents = [.. corpus.SourceFiles(parse).Select(DocumentFiles.Open)];
        var alignment = new AlignmentRun { TargetDocuments = target, Target = sources[0].Vocabularies.Target, SourceDocuments = documents, Sources = sources, OutputPath = path, OnError = OnError.Quarantine };
        return new RunInput
        {
            Title = $"{Path.GetFileName(Path.TrimEndingDirectorySeparator(path))}: {sources[0].Vocabularies.Target.Name} taught by {string.Join(" and ", sources.Select(static s => s.Name))}",
            Name = Path.GetFileName(Path.TrimEndingDirectorySeparator(path)),
            Preset = parse.GetValue(common.Preset)!,
            Options = options,
            Sources = sources,
            Order = (StoreReader.IsStore(path) ? new StoreReader(path).Header.SourceOrder : null) ?? alignment.RankSources(options, cancellation),
            Readers = [target, .. documents],
            Aligned = options.Output == OutputUnit.Official ? null : AlignedInput.Open(path),
            Backend = backend,
        };
    }
}
