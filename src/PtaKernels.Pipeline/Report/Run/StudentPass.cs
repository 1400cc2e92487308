using PtaKernels.Corpus;
using PtaKernels.Alignment;
using PtaKernels.Corpus.Sampling;

namespace PtaKernels.Pipeline;

/// <summary>The run's own alignment once more, document by document: what its files do not keep is seen again, and what they keep is compared.</summary>
internal sealed class StudentPass
{
    private readonly RunInput _input;
    private readonly DocumentAligner _aligner;

    public StudentPass(RunInput input)
    {
        _input = input;
        _aligner = new DocumentAligner(input.Backend, input.Sources, input.Options with { MeasureSignal = true }, input.Order);
        Report = new AlignmentRunReport(input.Sources.Count);
        Signal = [.. input.Sources.Select(static _ => new RuleSums())];
        Marginals = [.. input.Sources.Select(static _ => new LargestErrors())];
    }

    /// <summary>Counts and seconds.</summary>
    public AlignmentRunReport Report { get; }

    /// <summary>[sources] teacher signal by rule.</summary>
    public RuleSums[] Signal { get; }

    /// <summary>Teacher signal of the rows that the student sees, by rule; empty where nothing is merged.</summary>
    public RuleSums MergedSignal { get; } = new();

    /// <summary>[sources] largest marginal errors by how transports ended.</summary>
    public LargestErrors[] Marginals { get; }

    /// <summary>Every document that was aligned.</summary>
    public List<DocumentFidelity> Documents { get; } = [];

    /// <summary>What the stored rows were found to be.</summary>
    public StoredRows Stored { get; private set; } = new(0, 0, 0);

    /// <summary>Aligns a sample.</summary>
    /// <param name="sample">The documents.</param>
    /// <param name="progress">Told the tokens done and the share of the work.</param>
    /// <param name="cancellation">Stops.</param>
    /// <exception cref="AlignmentDataException">No document can be aligned, or the aligned documents are others.</exception>
    public void Run(DocumentSample sample, Action<long, double> progress, CancellationToken cancellation)
    {
        using var stored = new StoredDocuments(_input.Aligned, sample.CorpusDocuments);
        AlignmentDataException? first = null;
        for (int d = 0; d < sample.Count; d++)
        {
            cancellation.ThrowIfCancellationRequested();
            try
            {
                RunDocument document = DocumentOf(sample, d);
                if (!stored.Has(document.Target.Id))
                    continue;
                FusedDocument fused = _aligner.Align(document.Target, document.Sources, Report);
                Count(d, document, fused);
                Stored = Stored.With(stored.Compare(document.Target.Id, fused.Merged));
            }
            catch (AlignmentDataException e) when (e.Document is not null)
            {
                first ??= e;
                Report.Quarantined++;
            }

            progress(Report.TargetTokens, (d + 1.0) / sample.Count);
        }

        if (Documents.Count == 0)
            throw first ?? new AlignmentDataException($"{_input.Readers[0].Path}: holds no document.");
    }

    /// <summary>A document of a sample, parsed.</summary>
    /// <exception cref="AlignmentDataException">It is damaged, or the models have different documents there.</exception>
    public static RunDocument DocumentOf(DocumentSample sample, int d)
    {
        TokenizedDocument[] views = [.. sample.Records.Select(model => model[d].Parse())];
        for (int m = 1; m < views.Length; m++)
            CorpusDocuments.RequireSame(sample.Readers[0], views[0], sample.Records[0][d], views[m], sample.Records[m][d]);
        return new RunDocument(views[0], views[1..]);
    }

    private void Count(int index, RunDocument document, FusedDocument fused)
    {
        for (int s = 0; s < fused.PerSource.Length; s++)
        {
            for (int i = 0; i < fused.PerSource[s].Rows; i++)
            {
                RowProvenance row = fused.PerSource[s][i];
                if (!double.IsNaN(row.SignalKept))
                    Signal[s].Add(row.Rule, row.SignalKept);
                if (row.Transport is { } outcome)
                    Marginals[s].Add(outcome);
            }
        }

        for (int i = 0; i < (fused.Merged?.Rows ?? 0); i++)
        {
            if (double.IsFinite(fused.Merged![i].SignalKept))
                MergedSignal.Add(fused.Merged[i].Rule, fused.Merged[i].SignalKept);
        }

        AlignedDocument[] taught = fused.Merged is { } merged ? [merged] : fused.PerSource;
        double[] kept = [.. taught.SelectMany(static rows => Enumerable.Range(0, rows.Rows).Select(i => rows[i].SignalKept)).Where(double.IsFinite)];
        Documents.Add(new DocumentFidelity(index, document.Target.Id, document.Target.Length, kept.Length, kept.Length == 0 ? double.NaN : kept.Average()));
    }
}

/// <summary>A document as all models of an alignment saw it.</summary>
/// <param name="Target">The receiving model's view.</param>
/// <param name="Sources">The giving models' views, in the order of the sources.</param>
internal sealed record RunDocument(TokenizedDocument Target, IReadOnlyList<TokenizedDocument> Sources);

/// <summary>A document's faithfulness.</summary>
/// <param name="Index">Its place in the sample.</param>
/// <param name="Id">Its name.</param>
/// <param name="Tokens">The target's tokens.</param>
/// <param name="Rows">Rows with a teacher signal.</param>
/// <param name="Kept">Mean teacher signal kept of these; NaN where there is none.</param>
internal sealed record DocumentFidelity(int Index, string Id, int Tokens, int Rows, double Kept);

/// <summary>Sums by rule.</summary>
internal sealed class RuleSums
{
    private readonly (double Sum, long Rows)[] _sums = new (double, long)[Enum.GetValues<RowRule>().Length];

    public void Add(RowRule rule, double value) => _sums[(int)rule] = (_sums[(int)rule].Sum + value, _sums[(int)rule].Rows + 1);

    public long RowsOf(RowRule rule) => _sums[(int)rule].Rows;

    /// <summary>The mean; null without rows.</summary>
    public double? MeanOf(RowRule rule) => _sums[(int)rule] is { Rows: > 0 } sum ? sum.Sum / sum.Rows : null;

    /// <summary>The mean over all rules; null without rows.</summary>
    public double? Mean => _sums.Sum(static s => s.Rows) is > 0 and var rows ? _sums.Sum(static s => s.Sum) / rows : null;
}

/// <summary>Largest marginal errors by how transports ended.</summary>
internal sealed class LargestErrors
{
    private readonly double?[] _largest = new double?[Enum.GetValues<TransportStatus>().Length];

    public void Add(in TransportOutcome outcome)
    {
        if (double.IsFinite(outcome.MarginalError))
            _largest[(int)outcome.Status] = Math.Max(_largest[(int)outcome.Status] ?? 0, outcome.MarginalError);
    }

    /// <summary>The largest; null where no transport ended so.</summary>
    public double? Of(TransportStatus status) => _largest[(int)status];
}
