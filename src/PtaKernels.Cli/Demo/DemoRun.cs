using System.Collections.Concurrent;
using System.Diagnostics;
using PtaKernels.Alignment;

namespace PtaKernels.Cli.Demo;

/// <summary>One preset over all documents of the samples: counts, seconds, documents set aside.</summary>
internal sealed class DemoRun
{
    private readonly DemoSamples _samples;
    private readonly IKernelBackend _backend;
    private readonly bool _together;
    private readonly ConcurrentDictionary<string, string> _setAside = new(StringComparer.Ordinal);

    /// <summary>Prepares a run.</summary>
    /// <param name="name">Column heading.</param>
    /// <param name="samples">The documents.</param>
    /// <param name="backend">The kernels.</param>
    /// <param name="options">All switches.</param>
    /// <param name="together">Both sources in one run; otherwise each source alone, because nothing here says which one to prefer.</param>
    public DemoRun(string name, DemoSamples samples, IKernelBackend backend, in AlignmentOptions options, bool together)
    {
        (Name, _samples, _backend, Options, _together) = (name, samples, backend, options, together);
    }

    public string Name { get; }

    public AlignmentOptions Options { get; }

    /// <summary>Reports of the aligners: one for both sources, or one per source.</summary>
    public List<AlignmentRunReport> Reports { get; } = [];

    /// <summary>Elapsed seconds.</summary>
    public double Seconds { get; private set; }

    /// <summary>Documents that are bad input of SPEC A5 for this preset, with the reason.</summary>
    public IReadOnlyDictionary<string, string> SetAside => _setAside;

    /// <summary>Documents aligned, per teacher where the teachers are alone.</summary>
    public string DocumentsAligned => _together
        ? $"{Reports[0].Documents}"
        : string.Join(", ", Reports.Select((r, s) => $"{r.Documents} {_samples.Sources[s].Name}"));

    /// <summary>The same as numbers, one per report.</summary>
    public IEnumerable<long> Documents => Reports.Select(static r => r.Documents);

    /// <summary>Target tokens, once per source that was aligned.</summary>
    public long RowsSeen => Sources.Sum(static s => s.TargetTokens);

    public IEnumerable<AlignmentReport> Sources => Reports.SelectMany(static r => r.Sources);

    public GoldStatistics Gold
    {
        get
        {
            var all = new GoldStatistics();
            foreach (AlignmentRunReport report in Reports)
                all.Add(report.OverallGold);
            return all;
        }
    }

    public long RowsOf(RowRule rule) => Sources.Sum(s => s.RowsOf(rule));

    public long Transports => Sources.Sum(static s => s.Transports);

    public long TransportsOf(TransportStatus status) => Sources.Sum(s => s.TransportsOf(status));

    /// <summary>Share of the teacher signal kept, over all rows where it was measured.</summary>
    public double SignalKept => Sources.Sum(static s => s.SignalKept) / Math.Max(1, Sources.Sum(static s => s.SignalRows));

    /// <summary>Seconds of a stage, added over workers.</summary>
    public double SecondsOf(AlignmentStage stage) => Sources.Sum(s => s.SecondsOf(stage));

    /// <summary>Aligns everything once more, documents in parallel. Vocabulary pairs are new, so that every run searches its own nearest tokens.</summary>
    /// <param name="advance">Told the number of views done.</param>
    /// <param name="limit">Only that many documents, the shortest ones.</param>
    public void Run(Action<long> advance, int limit = int.MaxValue)
    {
        Reports.Clear();
        _setAside.Clear();
        int[][] groups = _together ? [[.. Enumerable.Range(0, _samples.Sources.Length)]] : [.. Enumerable.Range(0, _samples.Sources.Length).Select(static s => (int[])[s])];
        var clock = Stopwatch.StartNew();
        foreach (int[] group in groups)
        {
            AlignmentSource[] sources = [.. group.Select(s => new AlignmentSource(_samples.Sources[s].Name, VocabularyPair.OfTokens(_samples.Sources[s], _samples.Target)))];
            var aligner = new DocumentAligner(_backend, sources, Options);
            var report = new AlignmentRunReport(group.Length);
            var guard = new Lock();
            // Longest first, so that no core is left with the longest document at the end.
            int[] order = [.. Enumerable.Range(0, _samples.TargetDocuments.Length).OrderByDescending(d => _samples.TargetDocuments[d].Length).TakeLast(limit)];
            Parallel.ForEach(Partitioner.Create(order, EnumerablePartitionerOptions.NoBuffering), new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, d =>
            {
                AlignmentRunReport? one = AlignOne(aligner, group, d);
                lock (guard)
                {
                    if (one is not null)
                        report.Add(one);
                    advance(group.Length);
                }
            });
            Reports.Add(report);
        }

        Seconds = clock.Elapsed.TotalSeconds;
    }

    private AlignmentRunReport? AlignOne(DocumentAligner aligner, int[] group, int document)
    {
        var report = new AlignmentRunReport(group.Length);
        TokenizedDocument target = _samples.TargetDocuments[document];
        try
        {
            aligner.Align(target, [.. group.Select(s => _samples.SourceDocuments[s][document])], report);
            return report;
        }
        catch (AlignmentDataException e)
        {
            _setAside[target.Id] = e.Message;
            return null;
        }
    }
}
