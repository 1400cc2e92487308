using System.Collections.Concurrent;
using PtaKernels.Cli.Verify.Random;
using PtaKernels.Reference;

namespace PtaKernels.Tests.Differential;

/// <summary>
/// Many random problems through the plain backend and through every other one that runs here. Problems come in chunks, each from a seed of its own; the plain
/// backend solves a chunk once, and all others meet that answer.
/// </summary>
internal static class DifferentialRun
{
    /// <summary>The backends under test, every instruction set of the machine among them.</summary>
    public static IReadOnlyList<(string Name, IKernelBackend Backend)> Fast { get; } =
        [.. Conformance.BackendCases.Names.Where(static n => n != "reference").Select(static n => (n, Conformance.BackendCases.Open(n)))];

    /// <summary>Runs chunks over all cores and fails with the first differences found.</summary>
    /// <param name="id">The kernel's name in <see cref="RandomKernel"/>.</param>
    /// <param name="problems">Problems in all, at least.</param>
    public static void Run(string id, long problems)
    {
        Assert.That(Fast, Is.Not.Empty, "no backend but the plain one is available here");
        var kernel = RandomKernel.Named(id);
        var differences = new ConcurrentBag<string>();
        long done = 0;
        int next = 0;
        var plain = new ReferenceBackend();
        Parallel.For(0, Environment.ProcessorCount, _ =>
        {
            while (Interlocked.Read(ref done) < problems && differences.IsEmpty)
            {
                int seed = Interlocked.Increment(ref next);
                RandomChunk chunk = kernel.Draw(new Random(seed), plain, kernel.Usual);
                foreach ((string name, IKernelBackend backend) in Fast)
                {
                    var findings = new Findings();
                    chunk.Compare(backend, findings);
                    foreach (string difference in findings.Messages)
                        differences.Add($"{id}, seed {seed}, {name}: {difference}");
                }

                Interlocked.Add(ref done, chunk.Problems);
            }
        });
        Assert.That(differences, Is.Empty, string.Join(Environment.NewLine, differences.Take(Findings.MostMessages)));
        TestContext.Out.WriteLine($"{id}: {done} problems, each on {string.Join(", ", Fast.Select(static f => f.Name))}");
    }
}
