using PtaKernels.Cli.Bench;

namespace PtaKernels.Tests.Cli;

/// <summary>The peers of <c>pta bench</c> answer small work right, and a wrong answer is noticed. Those that this machine does not have are left out.</summary>
public sealed class PeerTests
{
    private const int Side = 10;

    /// <summary>Short and long, empty, of symbols beyond a byte and beyond U+FFFF, of one that is another's private symbol, with more symbols than a byte can tell apart.</summary>
    private static readonly string[] Sources = ["", "a", "token", "tokens", "ĠĠthe", "日本語", "😀😀a", "\uffff", "kitten", new([.. Enumerable.Range(300, 250).Select(static c => (char)c)])];

    private static readonly string[] Targets = ["the", "token", "", "sitting", "日本", "😀b", "kittens", "ĠĠthee", "tokn", "\uffff\ufffe", "ȀȁȂȃ", "s"];

    private readonly PeerWork _work = new();
    private readonly Dictionary<string, PeerProcess?> _peers = [];

    [OneTimeSetUp]
    public void Start()
    {
        TokenTape source = TokenTape.FromStrings(Sources), target = TokenTape.FromStrings(Targets);
        foreach (string name in new[] { "edit", "map" })
        {
            _work.WriteTokens(name + ".source", source, Enumerable.Range(0, Sources.Length));
            _work.WriteTokens(name + ".target", target, Enumerable.Range(0, Targets.Length));
            _work.Write<int>(name + ".checked", [0, 2, 3, 5, 6, 7, 8, 9]);
        }

        WriteTransports();
        WritePath();
        _peers["native"] = PeerProcess.StartNative(_work.Folder);
        _peers["dotnet"] = PeerProcess.StartDotnet(_work.Folder);
        _peers["python"] = PeerProcess.StartPython(_work.Folder, _work.Folder);
        _peers["libraries"] = PeerProcess.StartLibraries(_work.Folder);
    }

    [OneTimeTearDown]
    public void End()
    {
        foreach (PeerProcess peer in _peers.Values.OfType<PeerProcess>())
            peer.Dispose();
        _work.Dispose();
    }

    [TestCase("dotnet", "Quickenshtein", "edit:quickenshtein")]
    [TestCase("dotnet", "FuzzySharp", "edit:fuzzysharp")]
    [TestCase("dotnet", "F23.StringSimilarity", "edit:stringsimilarity")]
    [TestCase("dotnet", "Quickenshtein", "map:quickenshtein")]
    [TestCase("dotnet", "FuzzySharp", "map:fuzzysharp")]
    [TestCase("dotnet", "F23.StringSimilarity", "map:stringsimilarity")]
    [TestCase("native", "edlib", "edit:edlib")]
    [TestCase("native", "edlib", "map:edlib")]
    [TestCase("python", "python-Levenshtein", "edit")]
    [TestCase("python", "python-Levenshtein", "map")]
    public void TokensAreAnsweredRight(string process, string part, string work)
    {
        PeerProcess peer = Find(process, part);
        ulong expected = work.StartsWith("edit", StringComparison.Ordinal) ? EditSum() : MapSum();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(PeersOf.Checked("a case", peer, work, expected, part).Run(0).Units, Is.Positive);
            Assert.That(
                () => PeersOf.Checked("a case", peer, work, expected + 1, part),
                Throws.TypeOf<AlignmentDataException>().With.Message.Contains("wrong answer, so nothing was timed").And.Message.Contains(part));
        }
    }

    [TestCase("python", "NumPy", "transport", 2UL)]
    [TestCase("libraries", "PyTorch", "transport:pytorch", 2UL)]
    [TestCase("libraries", "PyTorch", "certified:pytorch", 2UL)]
    [TestCase("libraries", "POT", "certified:pot", 2UL)]
    public void TransportsAreAnsweredRightAndAWrongPlanIsNoticed(string process, string part, string work, ulong expected)
    {
        PeerProcess peer = Find(process, part);
        string plans = work.Split(':')[0] + ".plan";
        using (Assert.EnterMultipleScope())
        {
            Assert.That(PeersOf.Checked("a case", peer, work, expected, part).Run(0).Units, Is.Positive);
            _work.Write<double>(plans, [.. Plans(0.01 + 2e-9)]);
            Assert.That(() => peer.Check(work), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("wrong"));
            _work.Write<double>(plans, [.. Plans(0.01)]);
        }
    }

    [Test]
    public void ThePublishedPathIsThatOfTheCompiledPeer() =>
        Assert.That(Find("python", "NumPy").Check("path"), Is.EqualTo(Find("native", "g++").Check("path")));

    private PeerProcess Find(string process, string part)
    {
        if (_peers[process] is { } peer && peer.VersionOf(part) is not null)
            return peer;
        Assert.Ignore($"{part} is missing; perf/peers/setup gets it.");
        return null!;
    }

    /// <summary>Two problems without costs and with equal marginals, whose plan is the same everywhere from the first round on.</summary>
    private void WriteTransports()
    {
        foreach (string name in new[] { "transport", "certified" })
        {
            _work.Write<byte>(name + ".cost", new byte[2 * Side * Side]);
            _work.Write<double>(name + ".r", [.. Enumerable.Repeat(0.1, 2 * Side)]);
            _work.Write<double>(name + ".c", [.. Enumerable.Repeat(0.1, 2 * Side)]);
            _work.Write<double>(name + ".lambda", [30, 30]);
            _work.Write<double>(name + ".epsilon", [1 / 30.0, 1 / 30.0]);
            _work.Write<double>(name + ".tolerance", [1e-5, 1e-5]);
            _work.Write<int>(name + ".iterations", [1, 1]);
            _work.Write<double>(name + ".plan", [.. Plans(0.01)]);
        }
    }

    private static IEnumerable<double> Plans(double value) => Enumerable.Repeat(value, 2 * Side * Side);

    /// <summary>Two documents with many ties, the published loop on all of their tokens.</summary>
    private void WritePath()
    {
        var random = new Random(5);
        _work.Write<long>("path.shapes", [40, 30, 5, 6, 20, 35, 3, 4]);
        _work.Write<int>("path.rows", [.. Draw(40, 5), .. Draw(20, 3)]);
        _work.Write<int>("path.columns", [.. Draw(30, 6), .. Draw(35, 4)]);
        _work.Write<byte>("path.costs", [.. Draw((5 * 6) + (3 * 4), 4).Select(static c => (byte)c)]);
        _work.Write<long>("path.corner", [40]);

        IEnumerable<int> Draw(int count, int below) => Enumerable.Range(0, count).Select(_ => random.Next(below)).ToArray();
    }

    private static ulong EditSum()
    {
        ulong sum = 0;
        foreach (int i in new[] { 0, 2, 3, 5, 6, 7, 8, 9 })
        {
            for (int j = 0; j < Targets.Length; j++)
                sum += (ulong)Distance(Sources[i], Targets[j]) * (1 + ((((ulong)i * 1000003) + (ulong)j) % 65521));
        }

        return sum;
    }

    private static ulong MapSum()
    {
        ulong sum = 0;
        foreach (int q in new[] { 0, 2, 3, 5, 6, 7, 8, 9 })
        {
            int[] distances = [.. Targets.Select(t => Distance(Sources[q], t))];
            int best = distances.Min(), nearest = Array.IndexOf(distances, best);
            sum += (((ulong)nearest + 1) * (1 + ((ulong)q % 65521))) + ((ulong)best * (1 + ((ulong)q % 257)));
        }

        return sum;
    }

    /// <summary>The whole table over code points.</summary>
    private static int Distance(string first, string second)
    {
        int[] a = [.. first.EnumerateRunes().Select(static r => r.Value)], b = [.. second.EnumerateRunes().Select(static r => r.Value)];
        int[,] table = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++)
        {
            for (int j = 0; j <= b.Length; j++)
            {
                table[i, j] = i == 0 || j == 0
                    ? i + j
                    : Math.Min(Math.Min(table[i - 1, j], table[i, j - 1]) + 1, table[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
            }
        }

        return table[a.Length, b.Length];
    }
}
