using PtaKernels.Cli.Verify.Random;
using PtaKernels.Gpu;
using PtaKernels.Native;
using PtaKernels.Tests.Oracles;

namespace PtaKernels.Tests.Conformance;

/// <summary>The backends a conformance fixture runs over, and plain tokens as the backends take them.</summary>
internal static class BackendCases
{
    /// <summary>Every backend, the native one once per instruction set that this machine has. A native library that does not load is a failure, not a skip.</summary>
    public static IEnumerable<string> Names => ["reference", .. NativeBackend.InstructionSets.Select(static isa => "native/" + isa)];

    /// <summary>The same and the GPU kernels: on the emulator always, at the small shapes of <see cref="IsEmulator"/>; on a CUDA device at full size where there is one.</summary>
    public static IEnumerable<string> NamesWithGpu => [.. Names, GpuBackend.Emulator, GpuBackend.Cuda];

    /// <summary>Fixtures over <see cref="NamesWithGpu"/>. The emulator's, two minutes of small shapes, are of category Long.</summary>
    public static IEnumerable<TestFixtureData> Fixtures => NamesWithGpu.Select(FixtureOf);

    /// <summary>The same without the plain backend, for fixtures that compare with it.</summary>
    public static IEnumerable<TestFixtureData> FixturesBesidePlain => NamesWithGpu.Where(static name => name != "reference").Select(FixtureOf);

    // One device for all fixtures: every kernel is compiled once.
    private static readonly Lazy<GpuBackend> SharedEmulator = new(GpuBackend.OpenEmulator), SharedCuda = new(static () => GpuBackend.OpenCuda());

    /// <summary>A backend by one of <see cref="NamesWithGpu"/>. Without a CUDA device its fixtures are skipped, and say why.</summary>
    public static IKernelBackend Open(string name)
    {
        if (name == GpuBackend.Cuda && GpuBackend.WhyUnavailable is { } problem)
            Assert.Ignore("NOT RUN on a CUDA device: " + problem);
        return name switch
        {
            GpuBackend.Emulator => SharedEmulator.Value,
            GpuBackend.Cuda => SharedCuda.Value,
            _ => name.Split('/') is ["native", var isa] ? new NativeBackend(isa) : Backends.Backends.Open(name),
        };
    }

    /// <summary>Whether a backend is so slow that only small shapes fit a test.</summary>
    public static bool IsEmulator(string name) => name == GpuBackend.Emulator;

    private static TestFixtureData FixtureOf(string name)
    {
        var fixture = new TestFixtureData(name);
        if (IsEmulator(name))
            fixture.Properties.Add(NUnit.Framework.Internal.PropertyNames.Category, "Long");
        return fixture;
    }

    public static TokenTape ToTape(IReadOnlyList<PlainToken> tokens)
    {
        var builder = new TokenTapeBuilder();
        foreach (PlainToken token in tokens)
            builder.Add(token.Symbols, RolesOf(token));
        return builder.ToTape();
    }

    public static TokenRoles RolesOf(PlainToken token)
    {
        TokenRoles roles = (token.Special ? TokenRoles.Special : TokenRoles.None) | (token.Hole ? TokenRoles.Hole : TokenRoles.None);
        foreach (char role in token.Roles)
            roles |= role switch { 'b' => TokenRoles.Bos, 'e' => TokenRoles.Eos, 'p' => TokenRoles.Pad, _ => TokenRoles.Unk };
        return roles;
    }

    /// <inheritdoc cref="RandomTapes.Word"/>
    public static int[] Word(Random random, int length, int alphabet) => RandomTapes.Word(random, length, alphabet);

    public static int[] Range(int count) => [.. Enumerable.Range(0, count)];
}
