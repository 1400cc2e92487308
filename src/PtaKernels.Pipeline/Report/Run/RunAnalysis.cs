using PtaKernels.Corpus.Sampling;

namespace PtaKernels.Pipeline;

/// <summary>Makes the report of a run: its own alignment once more, then a sample of documents through every preset.</summary>
internal static class RunAnalysis
{
    /// <summary>Documents that go through every preset where nobody says otherwise.</summary>
    public const int DefaultDocuments = 200;

    /// <summary>Documents of the run's own alignment at least, where the corpus has them.</summary>
    private const int LeastLookedAt = 2000;

    private const long Seed = 1;

    /// <summary>Makes the report.</summary>
    /// <param name="input">What it is made from.</param>
    /// <param name="documents">Documents that go through every preset, at most.</param>
    /// <param name="progress">Is told what happens.</param>
    /// <param name="cancellation">Stops.</param>
    /// <exception cref="AlignmentDataException">Bad input.</exception>
    public static RunReport Of(RunInput input, int documents, IFuseProgress progress, CancellationToken cancellation)
    {
        string[] sources = [.. input.Sources.Select(static s => s.Name)];
        DocumentSample sample = DocumentSample.Draw(input.Readers, 1, Seed, Math.Max(documents, LeastLookedAt));
        var pass = new StudentPass(input);
        progress.Run($"align {input.Name}", "tokens", report => pass.Run(sample, report, cancellation));

        DocumentSample some = DocumentSample.Draw(input.Readers, 1, Seed, documents);
        AlignmentMethod[] methods = AlignmentMethod.All(input.Options, HasLogSumExp(some));
        var compared = new MethodPass(input, methods);
        var presets = new PresetComparison(input.Backend, methods);
        var pairings = new PairingComparison();
        var rows = new RowSample(methods, DistributionSection.MostRows, Seed);
        progress.Run("compare presets", "tokens", report => compared.Run(some, Take, report, cancellation));

        FuseOutcome? outcome = input.Run?.Outcome;
        return new RunReport
        {
            Title = input.Title,
            Date = DateTimeOffset.Now,
            Machine = $"{Machine.CpuName()}, {Environment.ProcessorCount} cores",
            Versions = ProgramVersions.With("backend", input.Backend.Name),
            Scope = ScopeSection.Of(input, pass, sample.CorpusDocuments),
            Coverage = CoverageSection.Of(pass.Report, sources),
            Certificates = CertificateSection.Of(pass, input),
            Signal = SignalSection.Of(pass, sources),
            Presets = presets.ToSection(compared),
            Pairing = pairings.ToSection(),
            Distributions = DistributionSection.Of(rows),
            Training = outcome is null ? null : TrainingSection.Of(outcome, input.Name),
            Fidelity = FidelitySection.Of(pass, sample, input),
            Seconds = SecondsSection.Of(pass.Report, sources, outcome?.Times ?? []),
        };

        void Take(MethodDocument document)
        {
            presets.Add(document);
            pairings.Add(document);
            rows.Add(document);
        }
    }

    /// <summary>Whether the first document of every source has log-sum-exps, which all of a capture have or none.</summary>
    private static bool HasLogSumExp(DocumentSample sample) => sample.Records.Skip(1).All(static model => model[0].Parse().LogSumExp is not null);
}
