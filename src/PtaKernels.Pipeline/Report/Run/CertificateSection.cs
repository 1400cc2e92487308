using PtaKernels.Transport;

namespace PtaKernels.Pipeline;

/// <summary>How the transports ended.</summary>
/// <param name="Transport">The switch.</param>
/// <param name="Note">What a certificate is under it.</param>
/// <param name="Sources">By source.</param>
internal sealed record CertificateSection(string Transport, string Note, IReadOnlyList<SourceCertificates> Sources)
{
    /// <summary>From the run's own alignment.</summary>
    public static CertificateSection Of(StudentPass pass, RunInput input)
    {
        TransportStatus[] statuses = Enum.GetValues<TransportStatus>();
        return new CertificateSection(AlignmentSwitches.Kebab(input.Options.Transport.ToString()), NoteOf(input.Options), [.. input.Sources.Select((source, s) => new SourceCertificates(
            source.Name, pass.Report.Sources[s].Transports, pass.Report.Sources[s].Iterations, pass.Report.Sources[s].ProjectionTies,
            [.. statuses.Where(x => pass.Report.Sources[s].TransportsOf(x) > 0).Select(x => new StatusCount(AlignmentSwitches.Kebab(x.ToString()), pass.Report.Sources[s].TransportsOf(x), pass.Marginals[s].Of(x)))]))]);
    }

    /// <summary>The table.</summary>
    public IEnumerable<ReportBlock> Blocks()
    {
        yield return new HeadingBlock("Certificates");
        yield return new TextBlock(Note);
        if (Sources.All(static s => s.Transports == 0))
            yield break;
        yield return new FiguresBlock(
            ["source", "ended", "transports", "largest\nmarginal error", "iterations\nof all", "ties in\nprojection"],
            [.. Sources.SelectMany((source, s) => source.Statuses.Select((status, i) => (Figure[])
            [
                Figure.Of(i == 0 ? source.Source : ""), Figure.Of(status.Status), Figure.Count($"certificates.sources[{s}].statuses[{i}].transports", status.Transports),
                Figure.Number($"certificates.sources[{s}].statuses[{i}].largest_marginal_error", status.LargestMarginalError, 12),
                i == 0 ? Figure.Count($"certificates.sources[{s}].iterations", source.Iterations) : Figure.Of(""),
                i == 0 ? Figure.Count($"certificates.sources[{s}].ties", source.Ties) : Figure.Of(""),
            ]))]);
    }

    private static string NoteOf(in AlignmentOptions options) => (options.Projection, options.Transport) switch
    {
        (ProjectionRule.Byte, _) => "Projection byte shares each candidate's mass among the target tokens that begin its bytes: no transport is solved, so there is nothing to certify.",
        (_, TransportKind.None) => "Without a transport there is nothing to certify.",
        (_, TransportKind.SemiRelaxed) => "Semi-relaxed transport has a closed form: there is nothing to certify, and the error is that of the plan itself.",
        (_, TransportKind.Official) => "The official loop stops by its own test on row sums, which is no certificate; the error is that of the plan itself.",
        (_, TransportKind.Exact) => "The unregularised optimum; its dual potentials prove it.",
        _ => FormattableString.Invariant(
            $"A transport counts as converged when its potentials certify the plan: marginal error at most {TransportCertificate.MarginalTolerance:0e0}, entries within {TransportCertificate.PlanTolerance:0e0} of what they imply."),
    };
}

/// <summary>A source's transports.</summary>
internal sealed record SourceCertificates(string Source, long Transports, long Iterations, long Ties, IReadOnlyList<StatusCount> Statuses);

/// <summary>Transports that ended in one way.</summary>
internal sealed record StatusCount(string Status, long Transports, double? LargestMarginalError);
