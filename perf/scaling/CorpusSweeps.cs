using System.Diagnostics;
using PtaKernels.Alignment;
using PtaKernels.Cli.Bench;
using PtaKernels.Corpus;
using PtaKernels.Corpus.Stores;
using PtaKernels.Native;
using PtaKernels.Reference;

namespace PtaKernels.Scaling;

/// <summary>Corpus: stores of real text, disk to disk, on all cores; where the text ends it begins again under new names.</summary>
internal sealed class CorpusSweeps(NativeBackend backend, KernelLimits? limits, RealTexts texts, Sizes sizes, string folder)
{
    private const int DocumentLength = 400;

    /// <summary>The two whose results are stored differently.</summary>
    private static readonly string[] Presets = ["reference", "fusion"];

    /// <summary>Runs over the first documents of both stores.</summary>
    public SweepChart Corpora(CancellationToken cancellation)
    {
        string source = Path.Combine(folder, "source"), target = Path.Combine(folder, "target");
        long[] tokens = Write(source, target);
        return new SweepChart("corpus", "Corpora, disk to disk", "target tokens of the corpus", "target tokens/s", [.. Presets.Select(preset =>
            new Sweep(preset, "seconds of a run", "row counts by rule of the plain backend, the smallest corpus; target tokens of each run", [.. sizes.Corpora.Select((size, i) =>
            {
                int documents = Array.FindIndex(tokens, t => t >= size) + 1;
                var run = new CorpusRun(source, target, Path.Combine(folder, $"{preset}-{size}"), preset, documents, tokens[documents - 1], texts.Pair);
                run.Require(backend, plain: i == 0, cancellation);
                return new SweepPoint(run.Tokens, run.Tokens, run, () => limits?.Bytes(run.BytesRead / (double)run.Tokens, run.BytesWritten / (double)run.Tokens));
            })]))]);
    }

    /// <returns>[documents] target tokens of all documents up to each.</returns>
    private long[] Write(string source, string target)
    {
        var sums = new List<long>();
        long sum = 0;
        const string Program = "pta-scaling";
        using var sources = new TeacherStoreWriter(source, replace: true, texts.Pair.Source, TransportCases.N, ValueKind.RawLogit, Program);
        using var targets = new TeacherStoreWriter(target, replace: true, texts.Pair.Target, TransportCases.N, ValueKind.RawLogit, Program);
        foreach (DocumentPair document in texts.Documents(DocumentLength, int.MaxValue))
        {
            sources.Write(WithMass(document.Source));
            targets.Write(WithMass(document.Target));
            sums.Add(sum += document.Target.Length);
            if (sum >= sizes.Corpora[^1])
                break;
        }

        sources.Commit();
        targets.Commit();
        return [.. sums];
    }

    /// <summary>The lists hold all mass that there is, and every next token is as likely as the first one: what presets ask for beyond lists.</summary>
    private static TokenizedDocument WithMass(TokenizedDocument document) => new()
    {
        Id = document.Id,
        Ids = document.Ids,
        Candidates = document.Candidates,
        Spans = document.Spans,
        LogSumExp = [.. Enumerable.Range(0, document.Length).Select(t => document.Candidates.ValuesOf(t)[0] + 1)],
        LabelCrossEntropy = [.. Enumerable.Repeat(1.0, document.Length - 1)],
    };

    /// <summary>A run over the first documents of both stores.</summary>
    private sealed class CorpusRun(string source, string target, string output, string preset, long documents, long tokens, VocabularyPair pair) : IContestant
    {
        private NativeBackend? _backend;

        public string Name => preset;

        public long Tokens => tokens;

        public long BytesRead { get; private set; }

        public long BytesWritten { get; private set; }

        public Lap Run(double seconds)
        {
            var clock = Stopwatch.StartNew();
            int runs = 0;
            do
            {
                Align(_backend!, CancellationToken.None);
                runs++;
            }
            while (clock.Elapsed.TotalSeconds < seconds);
            return new Lap(runs * (double)tokens, clock.Elapsed.TotalSeconds);
        }

        public void Require(NativeBackend native, bool plain, CancellationToken cancellation)
        {
            _backend = native;
            AlignmentRunReport report = Align(native, cancellation);
            (BytesRead, BytesWritten) = (SizeOf(source) + SizeOf(target), SizeOf(output));
            BytesRead = (long)((double)BytesRead * tokens / new StoreReader(target).Totals.Tokens);
            if (report.TargetTokens != tokens || (plain && !Rules(report).SequenceEqual(Rules(Align(new ReferenceBackend(), cancellation)))))
                throw BenchData.Wrong("corpus", $"a run of preset {preset} over {tokens} target tokens reports {report.TargetTokens}, or other rules than the plain backend's");
        }

        private AlignmentRunReport Align(IKernelBackend backend, CancellationToken cancellation) => new AlignmentRun
        {
            TargetDocuments = new StoreReader(target),
            Target = pair.Target,
            SourceDocuments = [new StoreReader(source)],
            Sources = [new AlignmentSource(pair.Source.Name, pair)],
            OutputPath = output,
            Replace = true,
            Selection = new DocumentSelection { Limit = documents },
        }.Run(backend, AlignmentPreset.Named(preset) with { MeasureSignal = false }, cancellation);

        private static long[] Rules(AlignmentRunReport report) => [.. Enum.GetValues<RowRule>().Select(report.Sources[0].RowsOf)];

        private static long SizeOf(string store) => new DirectoryInfo(store).EnumerateFiles("*", SearchOption.AllDirectories).Sum(static f => f.Length);
    }
}
