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

/// <summary>Work whose answer has been checked, and whom it is compared with.</summary>
/// <param name="Id">Stable name, as typed after <c>--case</c>.</param>
/// <param name="Unit">What a rate counts per second.</param>
/// <param name="Ours">The backend.</param>
/// <param name="Peer">The other side.</param>
/// <param name="Note">What the work is, what was left out, where the time went; asked after timing.</param>
/// <param name="Threads">Threads of our side; the peer has one.</param>
/// <param name="Clock">Null for host to host through the contract; else what <see cref="DeviceCases"/> calls it.</param>
internal sealed record BenchCase(string Id, string Unit, IContestant Ours, IContestant Peer, Func<string> Note, int Threads = 1, string? Clock = null);

/// <summary>What was measured of a case: rates are medians over rounds, the ratio is the median of the rounds' ratios.</summary>
internal sealed record BenchResult(
    string Case, int Threads, double Rate, string Unit, string Peer, double PeerRate, double Ratio, double RatioMin, double RatioMax, int Rounds, string Note, string? Clock = null)
{
    private const int FewestRounds = 3;
    private const int MostRounds = 15;

    /// <summary>Seconds until compiled code has settled; the check before it has run everything once.</summary>
    private const double LongestWarmUp = 2;

    /// <summary>Times a case: both sides in turn, round by round, so that whatever else the machine does meets both.</summary>
    public static BenchResult Measure(BenchCase one, double seconds)
    {
        foreach (IContestant side in new[] { one.Ours, one.Peer })
        {
            if (side is PassLoop or TeamLoop or DeviceLoop)
                side.Run(Math.Min(LongestWarmUp, seconds / 4));
        }

        double slice = seconds / (2 * 10);
        var ours = new List<double>();
        var peers = new List<double>();
        var clock = Stopwatch.StartNew();
        while (ours.Count < FewestRounds || (ours.Count < MostRounds && clock.Elapsed.TotalSeconds < seconds))
        {
            bool peerFirst = ours.Count % 2 == 1;
            if (peerFirst)
                peers.Add(one.Peer.Run(slice).Rate);
            ours.Add(one.Ours.Run(slice).Rate);
            if (!peerFirst)
                peers.Add(one.Peer.Run(slice).Rate);
        }

        double[] ratios = [.. ours.Zip(peers, static (a, b) => a / b)];
        return new BenchResult(
            one.Id, one.Threads, Median(ours), one.Unit, one.Peer.Name, Median(peers), Median(ratios), ratios.Min(), ratios.Max(), ratios.Length, one.Note(), one.Clock);
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
