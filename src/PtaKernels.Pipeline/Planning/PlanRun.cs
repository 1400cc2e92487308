using PtaKernels.Corpus.Sampling;

namespace PtaKernels.Pipeline.Planning;

/// <summary>Makes a plan: measures what there is to measure, and multiplies.</summary>
/// <param name="request">What is asked for.</param>
/// <param name="open">Opens the backend when documents are aligned.</param>
/// <param name="notice">Told what a user should know.</param>
internal sealed class PlanRun(PlanRequest request, Func<IKernelBackend> open, Action<string> notice)
{
    /// <summary>Runs.</summary>
    /// <param name="nameOf">Says a rule in words.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="AlignmentDataException">Bad input.</exception>
    /// <exception cref="ArgumentException">A value that makes no plan.</exception>
    public Plan Run(Func<RowRule, string> nameOf, CancellationToken cancellation)
    {
        request.Require();
        // What is wrong with files is said before anything is measured.
        RatesFile[] files = [.. request.Rates.Select(RatesFile.Read)];
        ModelCost?[] models = [request.TargetModel is { } target ? ModelCost.Of(target, "--target-model") : null, .. request.SourceModels.Select(static m => ModelCost.Of(m, "--source-model"))];
        PlanMeasurements measured = PlanMeasurements.Of(request, open, notice, cancellation);
        PlanStages stages = PlanStages.Of(request, measured, files, models);
        double[] amounts = request.Tokens.Count > 0 ? [.. request.Tokens] : [measured.CorpusTokens!.Value];
        return new Plan
        {
            Date = DateTimeOffset.UtcNow,
            Measurer = Machine.CpuName(),
            MeasurerCores = Environment.ProcessorCount,
            Preset = request.Preset,
            Switches = AlignmentSwitches.All.ToDictionary(static s => s.Name, s => s.Get(request.Options)),
            Sample = measured.Sample,
            Machines = request.Machines,
            Forecasts = [.. amounts.Select(tokens => new PlanForecast(tokens, [.. stages.Costs.Select(c => c.At(tokens, request.Machines))]))],
            Coverage = measured.Alignment is { } aligned ? [.. Coverage(aligned, nameOf)] : [],
            Warning = measured.Alignment is { } rows ? WarningOf(rows) : null,
            Columns = measured.Alignment is { } sample ? [.. sample.Columns.Select((name, c) => new PlanShare(name, "bytes per target token", Ratio(sample, d => d.ColumnBytes[c], static d => d.Tokens)))] : [],
            Assumptions = stages.Assumptions,
            LeftOut = measured.Alignment is null ? [.. stages.LeftOut, "Coverage: no documents were aligned; give --target and --source."] : stages.LeftOut,
        };
    }

    private IEnumerable<PlanShare> Coverage(AlignmentMeasurement sample, Func<RowRule, string> nameOf)
    {
        yield return new PlanShare("taught", "rows with a distribution of a source", Ratio(sample, static d => d.Taught, static d => d.Rows));
        if (sample.Documents.Sum(static d => d.Gold.Rows) > 0)
        {
            yield return new PlanShare("gold_top1", "taught rows whose heaviest token comes next", Ratio(sample, static d => d.Gold.FusedHits, static d => d.Gold.Rows));
            yield return new PlanShare("gold_top1_target", "the same rows in the target's own view", Ratio(sample, static d => d.Gold.TargetHits, static d => d.Gold.Rows));
        }

        foreach (RowRule rule in Enum.GetValues<RowRule>())
        {
            if (sample.Documents.Sum(d => d.RulesOf[(int)rule]) > 0)
                yield return new PlanShare(RowProvenance.LetterOf(rule).ToString(), nameOf(rule), Ratio(sample, d => d.RulesOf[(int)rule], static d => d.Rows));
        }
    }

    private static string? WarningOf(AlignmentMeasurement sample)
    {
        long rows = sample.Documents.Sum(static d => d.Gold.Rows), fused = sample.Documents.Sum(static d => d.Gold.FusedHits), own = sample.Documents.Sum(static d => d.Gold.TargetHits);
        return fused >= own ? null : FormattableString.Invariant(
            $"fused rows name the next token in {100.0 * fused / rows:F1} % of the sample's {rows} rows, the target's own in {100.0 * own / rows:F1} %: such a fusion teaches nothing.");
    }

    private Estimate Ratio(AlignmentMeasurement sample, Func<SampledDocument, double> over, Func<SampledDocument, double> under) =>
        DocumentBootstrap.Ratio(sample.Each(over), sample.Each(under), request.Seed);
}
