namespace PtaKernels.Cli.Verify.Random;

/// <summary>What the comparison of random problems has found. Not thread-safe: one per chunk.</summary>
internal sealed class Findings
{
    /// <summary>Messages kept; the rest are only counted.</summary>
    public const int MostMessages = 5;

    private readonly List<string> _messages = [];

    /// <summary>Problems that differ beyond SPEC A4.</summary>
    public long Differences { get; private set; }

    /// <summary>Problems in which another of several maxima was taken: two plan entries within <see cref="TransportComparison.TieUlps"/>.</summary>
    public long Ties { get; private set; }

    /// <summary>The first differences, a sentence each.</summary>
    public IReadOnlyList<string> Messages => _messages;

    /// <summary>A problem that differs.</summary>
    public void Differs(string message)
    {
        Differences++;
        if (_messages.Count < MostMessages)
            _messages.Add(message);
    }

    /// <summary>A problem that differs by a tie only.</summary>
    public void Tied() => Ties++;
}

/// <summary>Random problems with the answers that a backend is compared with.</summary>
/// <param name="Problems">How many.</param>
/// <param name="Compare">Solves them on another backend and says what differs; may be called for several backends.</param>
internal sealed record RandomChunk(int Problems, Action<IKernelBackend, Findings> Compare);
