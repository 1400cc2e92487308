namespace PtaKernels.Pipeline;

/// <summary>How a transport ended, in words.</summary>
internal static class CertificateText
{
    /// <summary>The sentence for an outcome: only the certified solvers give a certificate.</summary>
    public static string Of(in TransportOutcome outcome, in AlignmentOptions options) => outcome.Status switch
    {
        TransportStatus.Converged when options.Transport == TransportKind.Official => "stopped by the official loop's own test, which is no certificate",
        TransportStatus.Converged when options.Transport == TransportKind.SemiRelaxed => "closed form, nothing to certify",
        TransportStatus.Converged => "certified",
        TransportStatus.ExactFallback => "no certificate; the unregularised optimum instead",
        TransportStatus.IterationLimit => "iteration limit met, no certificate",
        _ => "not a number",
    };
}
