using System.Runtime.CompilerServices;
using PtaKernels.Native;
using PtaKernels.Reference;
using PtaKernels.Tests.Conformance;
using PtaKernels.Tests.Oracles;

namespace PtaKernels.Tests.Native;

/// <summary>Opening, lifetimes, sharing between threads.</summary>
public sealed class NativeBackendTests
{
    [TestCase("mmx")]
    [TestCase("AVX2")]
    public void AnUnknownInstructionSetIsRefused(string isa) =>
        Assert.That(() => new NativeBackend(isa), Throws.ArgumentException.With.Message.Contains($"'{isa}' is unknown; use portable, avx2 or avx512"));

    [Test]
    public void AMissingInstructionSetIsRefusedNeverReplaced()
    {
        foreach (string isa in (string[])["portable", "avx2", "avx512"])
        {
            if (NativeBackend.InstructionSets.Contains(isa))
                Assert.That(new NativeBackend(isa).Isa, Is.EqualTo(isa));
            else
                Assert.That(() => new NativeBackend(isa), Throws.ArgumentException.With.Message.Contains($"cannot run the instruction set {isa}"));
        }

        Assert.That(NativeBackend.InstructionSets, Does.Contain("portable"));
    }

    [Test, NonParallelizable]
    public void TheVariableForcesAnInstructionSet()
    {
        string? before = Environment.GetEnvironmentVariable(NativeBackend.IsaVariable);
        try
        {
            Environment.SetEnvironmentVariable(NativeBackend.IsaVariable, "portable");
            Assert.That(Backends.Backends.Open("native").Isa, Is.EqualTo("portable"));
            Environment.SetEnvironmentVariable(NativeBackend.IsaVariable, "neon");
            foreach (string name in (string[])["native", "auto"])
                Assert.That(() => Backends.Backends.Open(name), Throws.ArgumentException.With.Message.StartsWith("PTAKERNELS_ISA: the instruction set 'neon' is unknown"));
        }
        finally
        {
            Environment.SetEnvironmentVariable(NativeBackend.IsaVariable, before);
        }
    }

    [Test]
    public void BackendsKnowsIt()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Backends.Backends.Available, Is.SupersetOf(new[] { "native", "reference", "ilgpu-cpu" }));
            Assert.That(Backends.Backends.Open("auto").Name, Is.EqualTo("native"));
            Assert.That(Backends.Backends.Open("reference").Isa, Is.EqualTo("portable"));
            Assert.That(() => Backends.Backends.Open("gpu"), Throws.ArgumentException.With.Message.EqualTo("backend 'gpu' is unknown; use ilgpu-cuda, native, reference, ilgpu-cpu or auto."));
            Assert.That(NativeLibraryFile.Release, Does.Match(@"^\d+\.\d+\.\d+$"));
        }
    }

    [Test]
    public void SixtyFourThreadsShareTapes()
    {
        var backend = new NativeBackend();
        var random = new Random(1);
        PlainToken[] tokens = [.. Enumerable.Range(0, 300).Select(_ => new PlainToken(BackendCases.Word(random, random.Next(1, 20), 6)))];
        TokenTape source = BackendCases.ToTape(tokens), target = BackendCases.ToTape(tokens.Reverse().ToArray());
        int[] ids = BackendCases.Range(tokens.Length), nearest = new int[ids.Length], distance = new int[ids.Length];
        byte[,] expected = new byte[ids.Length, ids.Length];
        new ReferenceBackend().ComputeCostMatrix(source, ids, target, ids, expected);
        new ReferenceBackend().FindNearestTokens(source, ids, target, nearest, distance);
        int wrong = 0;
        Thread[] threads = [.. Enumerable.Range(0, 64).Select(_ => new Thread(Work))];
        foreach (Thread thread in threads)
            thread.Start();
        foreach (Thread thread in threads)
            thread.Join();
        Assert.That(wrong, Is.Zero);

        void Work()
        {
            byte[,] cost = new byte[ids.Length, ids.Length];
            int[] found = new int[ids.Length], far = new int[ids.Length];
            backend.ComputeCostMatrix(source, ids, target, ids, cost);
            backend.FindNearestTokens(source, ids, target, found, far);
            if (!cost.Cast<byte>().SequenceEqual(expected.Cast<byte>()) || !found.SequenceEqual(nearest) || !far.SequenceEqual(distance))
                Interlocked.Increment(ref wrong);
        }
    }

    [Test]
    public void CopiesGoWithTheirTapes()
    {
        var backend = new NativeBackend("portable");
        WeakReference handle = Use(backend);
        for (int i = 0; i < 20 && handle.IsAlive; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.That(handle.IsAlive, Is.False);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static WeakReference Use(NativeBackend backend)
        {
            TokenTape tape = Tape(100);
            int[] ids = BackendCases.Range(100);
            backend.ComputeCostMatrix(tape, ids, tape, ids, new byte[100, 100]);
            return new WeakReference(NativeTapes.KeptOf(tape));
        }
    }

    [Test]
    public void CollectionsDuringCallsDoNoHarm()
    {
        var backend = new NativeBackend();
        using var stop = new CancellationTokenSource();
        var collector = new Thread(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
        });
        collector.Start();
        int[] ids = BackendCases.Range(200);
        for (int round = 0; round < 40; round++)
        {
            // Nothing refers to the tape or the pair but the call itself.
            byte[,] cost = new byte[200, 200];
            backend.ComputeCostMatrix(Tape(200), ids, Tape(200), ids, cost);
            Assert.That(cost[3, 3] + cost[199, 199], Is.Zero);
            var documents = new RandomDocuments(round, 1);
            backend.AlignBatch([documents.Documents[0].Pair], documents.Vocabularies, AlignmentPreset.Paper, new AlignedDocument[1], new AlignmentReport());
        }

        stop.Cancel();
        collector.Join();
    }

    private static TokenTape Tape(int tokens)
    {
        var builder = new TokenTapeBuilder();
        for (int t = 0; t < tokens; t++)
            builder.AddString(t.ToString(System.Globalization.CultureInfo.InvariantCulture));
        return builder.ToTape();
    }
}
