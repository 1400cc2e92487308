namespace PtaKernels.Cli.Bench;

/// <summary>What a user would pick instead, case by case: every peer that this machine can have, its answers compared with ours by their checksum. Missing ones are left out with a notice.</summary>
internal static class PeersOf
{
    /// <summary>Rows and queries that a slow peer answers before it is timed; the whole work would take it minutes.</summary>
    private const int CheckedRows = 32;
    private const int CheckedQueries = 64;

    /// <summary>Distances of all pairs, written as <c>edit.*</c>.</summary>
    /// <param name="data">The peers.</param>
    /// <param name="id">The case, for messages.</param>
    /// <param name="rows">Source tokens of the work.</param>
    /// <param name="sumOf">The checksum of our answers on some rows.</param>
    /// <exception cref="AlignmentDataException">A peer's answers differ.</exception>
    public static IContestant[] Edit(BenchData data, string id, int rows, Func<int[], ulong> sumOf)
    {
        int[] some = Spaced(rows, CheckedRows);
        data.Work.Write<int>("edit.checked", some);
        return
        [
            data.NativeFor(id, "edit", sumOf(Spaced(rows, rows)), r => r is null ? PlainFor(data) : "rapidfuzz-cpp Multi"),
            .. Libraries(data, id, "edit", sumOf(some)),
        ];
    }

    /// <summary>Nearest targets, written as <c>map.*</c>.</summary>
    /// <param name="data">The peers.</param>
    /// <param name="id">The case, for messages.</param>
    /// <param name="queries">Source tokens of the work.</param>
    /// <param name="first">Queries that the compiled peer checks.</param>
    /// <param name="sumOf">The checksum of our answers to some queries.</param>
    /// <exception cref="AlignmentDataException">A peer's answers differ.</exception>
    public static IContestant[] Map(BenchData data, string id, int queries, int[] first, Func<int[], ulong> sumOf)
    {
        int[] some = Spaced(queries, CheckedQueries);
        data.Work.Write<int>("map.checked", some);
        return
        [
            data.NativeFor(id, "map", sumOf(first), r => r is null ? PlainFor(data) : "rapidfuzz-cpp Cached"),
            .. Libraries(data, id, "map", sumOf(some)),
        ];
    }

    /// <summary>Alignment paths, written as <c>WORK.*</c>.</summary>
    /// <param name="data">The peers.</param>
    /// <param name="id">The case, for messages.</param>
    /// <param name="work">What the peers call it.</param>
    /// <param name="sum">The checksum of our paths.</param>
    /// <param name="corner">Tokens of both sides from which the published loop finds its path: it fills a million cells a second.</param>
    /// <param name="cornerSum">The checksum of our paths through these.</param>
    /// <exception cref="AlignmentDataException">A peer's answers differ.</exception>
    public static IContestant[] Path(BenchData data, string id, string work, ulong sum, int corner, ulong cornerSum)
    {
        data.Work.Write<long>(work + ".corner", [corner]);
        return
        [
            data.NativeFor(id, work, sum, static _ => "scalar C++"),
            .. Offered(data, id, cornerSum, new Offer(data.Python, "NumPy", work, "NumPy, cell by cell")),
        ];
    }

    /// <summary>The official transport loop, written as <c>transport.*</c>.</summary>
    /// <param name="data">The peers.</param>
    /// <param name="id">The case, for messages.</param>
    /// <param name="iterations">Iterations of all problems.</param>
    /// <exception cref="AlignmentDataException">A peer's answers differ.</exception>
    public static IContestant[] Official(BenchData data, string id, ulong iterations) =>
    [
        data.NativeFor(id, "transport", iterations, static _ => "scalar C++"),
        .. Offered(
            data, id, iterations,
            new Offer(data.Libraries, "PyTorch", "transport:pytorch", "PyTorch, batched"),
            new Offer(data.Python, "NumPy", "transport", "NumPy")),
    ];

    /// <summary>Balanced transports, written as <c>certified.*</c>, by libraries that stop where the marginals are as near as the certificate asks, or after 1,000 iterations.</summary>
    /// <param name="data">The peers.</param>
    /// <param name="id">The case, for messages.</param>
    /// <param name="note">How many of the problems each has come so far with.</param>
    /// <exception cref="AlignmentDataException">A plan that came so far is not ours, or none came so far.</exception>
    public static IContestant[] Certified(BenchData data, string id, out string note)
    {
        var sides = new List<IContestant>();
        note = "";
        foreach (Offer offer in new[] { new Offer(data.Libraries, "PyTorch", "certified:pytorch", "PyTorch, batched"), new Offer(data.Libraries, "POT", "certified:pot", "POT") })
        {
            if (!offer.IsHere(data))
                continue;
            (double problems, ulong solved) = offer.Process!.Check(offer.Work);
            if (solved == 0)
                throw BenchData.Wrong(id, $"{offer.Name} solved none of {problems} problems");
            note += FormattableString.Invariant($"; {offer.Name} certifies {solved} of {problems} within 1,000 iterations");
            sides.Add(offer.Process.For(offer.Work, offer.Name));
        }

        return [.. sides];
    }

    /// <summary>A peer on work that has been written, its answers compared with ours by their checksum.</summary>
    /// <exception cref="AlignmentDataException">The answers differ.</exception>
    public static IContestant Checked(string id, PeerProcess peer, string work, ulong sum, string name)
    {
        ulong theirs = peer.Check(work).Sum;
        return theirs == sum ? peer.For(work, name) : throw BenchData.Wrong(id, $"the answers of {name} have the checksum {theirs}, ours {sum}");
    }

    private static IEnumerable<IContestant> Libraries(BenchData data, string id, string work, ulong sum) => Offered(
        data, id, sum,
        [
            new Offer(data.Native, "edlib", work + ":edlib", "edlib"),
            new Offer(data.Dotnet, "Quickenshtein", work + ":quickenshtein", "Quickenshtein"),
            .. work == "edit"
                ? new[] { new Offer(data.Dotnet, "FuzzySharp", "edit:fuzzysharp", "FuzzySharp"), new Offer(data.Dotnet, "F23.StringSimilarity", "edit:stringsimilarity", "F23.StringSimilarity") }
                : [],
            new Offer(data.Python, "python-Levenshtein", work, "python-Levenshtein"),
        ]);

    private static IEnumerable<IContestant> Offered(BenchData data, string id, ulong sum, params Offer[] offers) =>
        offers.Where(o => o.IsHere(data)).Select(o => Checked(id, o.Process!, o.Work, sum, o.Name));

    private static string PlainFor(BenchData data)
    {
        data.LeavePeerOut("rapidfuzz-cpp");
        return "plain C++";
    }

    private static int[] Spaced(int count, int most) => [.. Enumerable.Range(0, Math.Min(count, most)).Select(k => (int)((long)k * count / Math.Min(count, most)))];

    /// <summary>A library that a process may have.</summary>
    /// <param name="Process">Null where nothing of it can run.</param>
    /// <param name="Part">What the process must have.</param>
    /// <param name="Work">What the process calls the work.</param>
    /// <param name="Name">What it is called in results.</param>
    private sealed record Offer(PeerProcess? Process, string Part, string Work, string Name)
    {
        /// <summary>Leaves it out with a notice where it is not.</summary>
        public bool IsHere(BenchData data)
        {
            if (Process?.VersionOf(Part) is not null)
                return true;
            data.LeavePeerOut(Part);
            return false;
        }
    }
}
