using System.Collections.Concurrent;
using PtaKernels.Reference;

namespace PtaKernels.Tests.Differential;

/// <summary>
/// Many random problems through the plain backend and through every other one that runs here. Problems come in chunks, each from a seed of its own; the plain
/// backend solves a chunk once, and all others meet that answer.
/// </summary>
internal static class DifferentialRun
{
    private const int MostMessages = 5;

    /// <summary>The backends under test, every instruction set of the machine among them.</summary>
    public static IReadOnlyList<(string Name, IKernelBackend Backend)> Fast { get; } =
        [.. Conformance.BackendCases.Names.Where(static n => n != "reference").Select(static n => (n, Conformance.BackendCases.Open(n)))];

    /// <summary>Runs chunks over all cores and fails with the first differences found.</summary>
    /// <param name="kernel">A name for the messages.</param>
    /// <param name="problems">Problems in all, at least.</param>
    /// <param name="chunk">Draws and checks one chunk: how many problems it held, and a sentence per difference.</param>
    public static void Run(string kernel, long problems, Func<Random, IKernelBackend, Chunk> chunk)
    {
        Assert.That(Fast, Is.Not.Empty, "no backend but the plain one is available here");
        var differences = new ConcurrentBag<string>();
        long done = 0;
        int next = 0;
        var plain = new ReferenceBackend();
        Parallel.For(0, Environment.ProcessorCount, _ =>
        {
            while (Interlocked.Read(ref done) < problems && differences.IsEmpty)
            {
                int seed = Interlocked.Increment(ref next);
                Chunk result = chunk(new Random(seed), plain);
                foreach ((string name, IKernelBackend backend) in Fast)
                {
                    foreach (string difference in result.Differences(backend).Take(MostMessages))
                        differences.Add($"{kernel}, chunk {seed}, {name}: {difference}");
                }

                Interlocked.Add(ref done, result.Problems);
            }
        });
        Assert.That(differences, Is.Empty, string.Join(Environment.NewLine, differences.Take(MostMessages)));
        TestContext.Out.WriteLine($"{kernel}: {done} problems, each on {string.Join(", ", Fast.Select(static f => f.Name))}");
    }

    /// <summary>A whole number 1..most whose logarithm is uniform.</summary>
    public static int LogUniform(Random random, int most) => Math.Min(most, (int)Math.Exp(random.NextDouble() * Math.Log(most + 1)));

    /// <summary>Three problems in ten are made of few values, so that almost everything ties.</summary>
    public static bool Ties(Random random) => random.Next(10) < 3;
}

/// <summary>Problems with the plain backend's answers.</summary>
/// <param name="Problems">How many.</param>
/// <param name="Differences">Solves them on another backend and names what differs beyond SPEC A4.</param>
internal sealed record Chunk(int Problems, Func<IKernelBackend, IEnumerable<string>> Differences);
