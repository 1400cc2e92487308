using System.Buffers.Binary;
using System.Runtime.Intrinsics.X86;
using System.Text;
using TorchSharp;

namespace PtaKernels.Training.Tests.Torch;

/// <summary>libtorch loads here, and would on the other systems that we name.</summary>
public sealed class TorchRuntimeTests
{
    // The newest versions that each system's glibc and libstdc++ define.
    private static readonly (string System, Version Glibc, Version Libstdcxx)[] Systems =
    [
        ("Ubuntu 22.04", new(2, 35), new(3, 4, 30)),
        ("Debian 12", new(2, 36), new(3, 4, 30)),
        ("Ubuntu 24.04", new(2, 39), new(3, 4, 33)),
        ("Debian 13", new(2, 41), new(3, 4, 33)),
    ];

    private static readonly Lazy<string[]> LibtorchNeeds = new(static () =>
        [.. new[] { "libc10.so", "libtorch_cpu.so", "libtorch.so" }.SelectMany(static l => Needed(File.ReadAllBytes(Path.Combine(TorchFolder.Find()!, l)))).Distinct()]);

    [Test]
    public void BackwardThroughAttentionInBfloat16Runs()
    {
        TorchRuntime.Load();
        using var scope = torch.NewDisposeScope();
        torch.Tensor x = torch.randn(1, 2, 5, 8, dtype: torch.bfloat16);
        x.requires_grad = true;
        torch.nn.functional.scaled_dot_product_attention(x, x, x, is_casual: true).sum().backward();
        Assert.That(x.grad!.isfinite().all().item<bool>());
    }

    [Test]
    public void MklTakesTheKernelsOfThisProcessorWhoeverMadeIt()
    {
        TorchRuntime.Load();
        if (TorchRuntime.Mkl is null)
            Assert.Ignore("this libtorch has no MKL");
        Assert.That(TorchRuntime.Mkl, Is.GreaterThanOrEqualTo(Avx512BW.IsSupported ? MklKernels.Avx512 : Avx2.IsSupported ? MklKernels.Avx2 : 0));
    }

    [Test]
    public void WeakenedWrapperAsksForNothingThatASystemLacks([ValueSource(nameof(SystemNames))] string name)
    {
        (string _, Version glibc, Version libstdcxx) = Systems.Single(s => s.System == name);
        byte[] wrapper = File.ReadAllBytes(TorchRuntime.WrapperFile());
        Assert.That(OlderSystems.Weaken(wrapper), Is.EqualTo(2), "one version and one symbol");
        string[] tooNew = [.. Needed(wrapper).Concat(LibtorchNeeds.Value).Where(v =>
            (v.StartsWith("GLIBC_2", StringComparison.Ordinal) && Version.Parse(v[6..]) > glibc)
            || (v.StartsWith("GLIBCXX_", StringComparison.Ordinal) && Version.Parse(v[8..]) > libstdcxx))];
        Assert.That(tooNew, Is.Empty);
    }

    [Test]
    public void WrapperAsShippedNeedsGcc13() =>
        Assert.That(Needed(File.ReadAllBytes(TorchRuntime.WrapperFile())), Does.Contain("GLIBCXX_3.4.32"), "if not, OlderSystems can go");

    [Test]
    public void FileThatAsksForNothingIsLeftAlone()
    {
        byte[] image = File.ReadAllBytes(Path.Combine(TorchFolder.Find()!, "libc10.so"));
        byte[] copy = [.. image];
        Assert.That(OlderSystems.Weaken(copy), Is.Zero);
        Assert.That(copy.AsSpan().SequenceEqual(image));
    }

    [Test]
    public void NamedFolderWithoutLibtorchIsOneSentence()
    {
        string? before = Environment.GetEnvironmentVariable(TorchFolder.Variable);
        Environment.SetEnvironmentVariable(TorchFolder.Variable, "/nowhere");
        try
        {
            Assert.That(TorchFolder.Find, Throws.TypeOf<TorchException>().With.Message.Contains("/nowhere"));
        }
        finally
        {
            Environment.SetEnvironmentVariable(TorchFolder.Variable, before);
        }
    }

    private static IEnumerable<string> SystemNames => Systems.Select(static s => s.System);

    /// <summary>Version names that a 64-bit ELF file needs strongly.</summary>
    private static IEnumerable<string> Needed(byte[] elf)
    {
        long Long(long at) => BinaryPrimitives.ReadInt64LittleEndian(elf.AsSpan((int)at));
        int Int(long at) => BinaryPrimitives.ReadInt32LittleEndian(elf.AsSpan((int)at));
        int Short(long at) => BinaryPrimitives.ReadUInt16LittleEndian(elf.AsSpan((int)at));
        long headers = Long(40);
        for (int i = 0; i < Short(60); i++)
        {
            long header = headers + (i * 64L);
            if (Int(header + 4) != 0x6ffffffe)
                continue;
            long strings = Long(headers + (Int(header + 40) * 64L) + 24), need = Long(header + 24);
            for (int n = Int(header + 44); n > 0; n--, need += Int(need + 12))
            {
                long aux = need + Int(need + 8);
                for (int k = Short(need + 2); k > 0; k--, aux += Int(aux + 12))
                {
                    if ((Short(aux + 4) & 2) == 0)
                        yield return Encoding.ASCII.GetString(elf.AsSpan((int)(strings + Int(aux + 8))).ToArray().TakeWhile(static b => b != 0).ToArray());
                }
            }
        }
    }
}
