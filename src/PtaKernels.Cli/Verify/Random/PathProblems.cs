using CommunityToolkit.HighPerformance;
using PtaKernels.Gpu;

namespace PtaKernels.Cli.Verify.Random;

/// <summary>Alignment paths: costs and steps are equal (SPEC A4).</summary>
internal static class PathProblems
{
    /// <summary>Both sides log-uniform 1..256.</summary>
    public static RandomChunk Short(System.Random random, IKernelBackend answers, int wanted) =>
        Draw(random, answers, wanted, static r => RandomTapes.LogUniform(r, 256));

    /// <summary>Both sides 1024..1399: sums beyond what short paths reach, several strips of columns.</summary>
    public static RandomChunk Long(System.Random random, IKernelBackend answers, int wanted) =>
        Draw(random, answers, wanted, static r => r.Next(1024, 1400));

    private static RandomChunk Draw(System.Random random, IKernelBackend answers, int count, Func<System.Random, int> side)
    {
        var problems = new PathProblem[count];
        var expected = new (long Cost, (int, int)[] Steps)[count];
        var path = new AlignmentPath();
        for (int p = 0; p < count; p++)
        {
            bool ties = RandomTapes.Ties(random);
            int n = side(random), m = side(random);
            byte[,] cost = ties || random.Next(2) == 0 ? RandomCosts(random, ties) : LikeText(random, Math.Max(n, m));
            int[] source = RandomTapes.Ids(random, n, cost.GetLength(0)), target = RandomTapes.Ids(random, m, cost.GetLength(1));
            if (cost[0, 0] == 0 && !ties)
                Follow(random, source, target, cost);
            answers.FindAlignmentPath(source, target, cost, path);
            problems[p] = new PathProblem(source, target, cost);
            expected[p] = (path.Cost, path.Steps.ToArray());
        }

        return new RandomChunk(count, (backend, findings) =>
        {
            var found = new AlignmentPath();
            int alone = count;
            if (backend is GpuBackend device)
            {
                // A device gets all of them at once, and one alone through the contract.
                AlignmentPath[] paths = [.. problems.Select(static _ => new AlignmentPath())];
                device.FindAlignmentPaths(problems, paths);
                for (int p = 0; p < count; p++)
                    Compare(p, paths[p], findings);
                alone = 1;
            }

            for (int p = 0; p < alone; p++)
            {
                backend.FindAlignmentPath(problems[p].Source, problems[p].Target, problems[p].Cost, found);
                Compare(p, found, findings);
            }
        });

        void Compare(int p, AlignmentPath found, Findings findings)
        {
            (long cost, (int, int)[] steps) = expected[p];
            if (found.Cost == cost && found.Steps.SequenceEqual(steps))
                return;
            string what = found.Cost != cost ? $"costs {found.Cost}, expected {cost}" : "costs as much as expected and takes other steps";
            findings.Differs($"path {p} of {problems[p].Source.Length} x {problems[p].Target.Length} tokens {what}");
        }
    }

    private static byte[,] RandomCosts(System.Random random, bool ties)
    {
        int most = ties ? random.Next(1, 3) : 254;
        var cost = new byte[random.Next(1, 40), random.Next(1, 40)];
        foreach (ref byte c in cost.AsSpan2D())
            c = (byte)random.Next(most + 1);
        return cost;
    }

    /// <summary>Costs as texts have them: 0 between equal tokens, several edits between others.</summary>
    private static byte[,] LikeText(System.Random random, int tokens)
    {
        int distinct = Math.Clamp(tokens / 2, 1, 300);
        var cost = new byte[distinct, distinct];
        random.NextBytes(cost.AsSpan());
        for (int i = 0; i < distinct; i++)
        {
            for (int j = 0; j < distinct; j++)
                cost[i, j] = (byte)(i == j ? 0 : 1 + (cost[i, j] % 11));
        }

        return cost;
    }

    /// <summary>The target repeats the source with tokens split, joined and replaced here and there.</summary>
    private static void Follow(System.Random random, int[] source, int[] target, byte[,] cost)
    {
        int s = 0;
        for (int t = 0; t < target.Length; t++)
        {
            target[t] = random.Next(6) == 0 ? random.Next(cost.GetLength(1)) : source[Math.Min(s, source.Length - 1)] % cost.GetLength(1);
            s += random.Next(8) switch { 0 => 0, 1 => 2, _ => 1 };
        }
    }
}
