using System.Diagnostics;

namespace PtaKernels.Cli.Bench;

/// <summary>Units done and the seconds they took: processor time on one thread, which other load on the machine does not lengthen; time on the clock in a team.</summary>
internal readonly record struct Lap(double Units, double Seconds)
{
    public double Rate => Units / Seconds;
}

/// <summary>One side of a comparison: makes whole passes over its work for at least some seconds, and times itself.</summary>
internal interface IContestant
{
    string Name { get; }

    Lap Run(double seconds);
}

/// <summary>Passes in this process, on the calling thread. Processor time is the whole process', so that no helping thread is for free.</summary>
internal sealed class PassLoop(string name, double units, Action pass, bool onTheClock = false) : IContestant
{
    public string Name => name;

    /// <summary>Units of a pass.</summary>
    public double Units => units;

    /// <summary>One pass.</summary>
    public void Pass() => pass();

    public Lap Run(double seconds)
    {
        TimeSpan processor = Environment.CpuUsage.TotalTime;
        var clock = Stopwatch.StartNew();
        int passes = 0;
        do
        {
            pass();
            passes++;
        }
        while (clock.Elapsed.TotalSeconds < seconds);
        return new Lap(passes * units, (onTheClock ? clock.Elapsed : Environment.CpuUsage.TotalTime - processor).TotalSeconds);
    }
}

/// <summary>The same passes shared out to several threads: each takes the next piece until none is left.</summary>
/// <param name="name">What it is called.</param>
/// <param name="units">Units of a pass.</param>
/// <param name="threads">Threads that take part, the calling one among them.</param>
/// <param name="pieces">Pieces of a pass, the longest first.</param>
/// <param name="piece">Does one piece.</param>
internal sealed class TeamLoop(string name, double units, int threads, int pieces, Action<int> piece) : IContestant
{
    public string Name => name;

    public Lap Run(double seconds)
    {
        var clock = Stopwatch.StartNew();
        int passes = 0;
        do
        {
            int next = -1;
            Task[] others = [.. Enumerable.Range(1, threads - 1).Select(_ => Task.Run(TakePieces))];
            TakePieces();
            Task.WaitAll(others);
            passes++;

            void TakePieces()
            {
                for (int p = Interlocked.Increment(ref next); p < pieces; p = Interlocked.Increment(ref next))
                    piece(p);
            }
        }
        while (clock.Elapsed.TotalSeconds < seconds);
        return new Lap(passes * units, clock.Elapsed.TotalSeconds);
    }
}

/// <summary>A rate that was measured elsewhere, where nothing can be run to compare with.</summary>
internal sealed class RecordedRate(string name, double rate) : IContestant
{
    public string Name => name;

    public Lap Run(double seconds) => new(rate, 1);
}

/// <summary>The most that this machine could do of a case: units a second, and what bounds them.</summary>
/// <param name="By">What bounds it, with the count it comes from.</param>
/// <param name="Rate">Units a second.</param>
internal sealed record RateLimit(string By, double Rate);

/// <summary>Work whose answer has been checked, and whom it is compared with.</summary>
/// <param name="Id">Stable name, as typed after <c>--case</c>.</param>
/// <param name="Unit">What a rate counts per second.</param>
/// <param name="Ours">The backend.</param>
/// <param name="Peers">The other sides, each checked as it is made; asked once, before anything is timed, and not at all where only our own side is wanted.</param>
/// <param name="Note">What the work is, what was left out, where the time went; asked after timing.</param>
/// <param name="Threads">Threads of our side; peers have one.</param>
/// <param name="Clock">Null for host to host through the contract; else what <see cref="DeviceCases"/> calls it.</param>
/// <param name="Limit">The machine's limit, where it is known; asked after timing.</param>
internal sealed record BenchCase(
    string Id, string Unit, IContestant Ours, Func<IReadOnlyList<IContestant>> Peers, Func<string> Note, int Threads = 1, string? Clock = null, Func<RateLimit?>? Limit = null);

/// <summary>What was measured of a case beside one peer: rates are medians over rounds, the ratio is the median of the rounds' ratios.</summary>
internal sealed record BenchResult(
    string Case, int Threads, double Rate, string Unit, string Peer, double PeerRate, double Ratio, double RatioMin, double RatioMax, int Rounds, string Note, string? Clock = null, RateLimit? Limit = null)
{
    private const int FewestRounds = 3;
    private const int MostRounds = 15;

    /// <summary>Seconds until compiled code has settled; the check before it has run everything once.</summary>
    private const double LongestWarmUp = 2;

    /// <summary>Times a case: all sides in turn, round by round, so that whatever else the machine does meets all of them; who begins moves on from round to round.</summary>
    /// <param name="one">The case.</param>
    /// <param name="peers">Its peers.</param>
    /// <param name="seconds">Seconds for all sides together.</param>
    /// <returns>A result for each peer, in their order.</returns>
    public static BenchResult[] Measure(BenchCase one, IReadOnlyList<IContestant> peers, double seconds)
    {
        IContestant[] sides = [one.Ours, .. peers];
        foreach (IContestant side in sides)
        {
            if (side is PassLoop or TeamLoop or DeviceLoop)
                side.Run(Math.Min(LongestWarmUp, seconds / (2 * sides.Length)));
        }

        double slice = seconds / (sides.Length * 10);
        List<double>[] rates = [.. sides.Select(static _ => new List<double>())];
        var clock = Stopwatch.StartNew();
        for (int round = 0; round < FewestRounds || (round < MostRounds && clock.Elapsed.TotalSeconds < seconds); round++)
        {
            for (int s = 0; s < sides.Length; s++)
            {
                int turn = (round + s) % sides.Length;
                rates[turn].Add(sides[turn].Run(slice).Rate);
            }
        }

        return [.. peers.Select((peer, p) =>
        {
            double[] ratios = [.. rates[0].Zip(rates[p + 1], static (a, b) => a / b)];
            return new BenchResult(
                one.Id, one.Threads, Median(rates[0]), one.Unit, peer.Name, Median(rates[p + 1]), Median(ratios), ratios.Min(), ratios.Max(), ratios.Length, one.Note(), one.Clock, one.Limit?.Invoke());
        })];
    }

    /// <summary>The middle value, or the mean of the two.</summary>
    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
