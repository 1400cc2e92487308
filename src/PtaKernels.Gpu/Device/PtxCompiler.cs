using System.Reflection;
using System.Text.RegularExpressions;
using ILGPU;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.PTX;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace PtaKernels.Gpu;

/// <summary>Compiles kernels to PTX text. Needs no device and no driver.</summary>
/// <remarks>
/// Three things are done to what ILGPU 1.5.3 makes. Its backend caps <c>.target</c> at the highest architecture that any of its own features asks for (sm_80), which
/// shuts out the packed 16-bit minimum of sm_90; the cap is lifted. Float64 additions and multiplications get their rounding written out, because ptxas joins
/// the plain forms into fused multiply-adds (SPEC A4 forbids it). And <see cref="Math.FusedMultiplyAdd"/>, which the backend leaves as a call to nothing, becomes the instruction.
/// </remarks>
internal sealed partial class PtxCompiler : IDisposable
{
    /// <summary>Compute capabilities that PTX is shipped for; newer devices take the last.</summary>
    public static readonly IReadOnlyList<int> Architectures = [80, 90];

    /// <summary>PTX version 8.0: the lowest with the packed 16-bit minimum; driver 525 (CUDA 12.0) and later read it.</summary>
    public static readonly CudaInstructionSet InstructionSet = CudaInstructionSet.ISA_80;

    private static readonly PropertyInfo Target = typeof(CudaCapabilityContext).GetProperty("TargetArchitecture")!;

    private readonly Context _context;

    /// <summary>A compiler with a context of its own.</summary>
    public PtxCompiler()
        : this(CreateContext(static _ => { }))
    {
    }

    /// <summary>A compiler in a context that others use too.</summary>
    internal PtxCompiler(Context context) => _context = context;

    /// <summary>A context as every kernel is compiled in: level O2, since O1 leaves stack frames around inline PTX.</summary>
    internal static Context CreateContext(Action<Context.Builder> addDevices) => Context.Create(builder =>
    {
        builder.EnableAlgorithms().Optimize(OptimizationLevel.O2);
        addDevices(builder);
    });

    /// <summary>Compiles one kernel.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="architecture">80 or 90.</param>
    /// <returns>PTX text.</returns>
    public string Compile(KernelEntry kernel, int architecture)
    {
        var sm = new CudaArchitecture(architecture / 10, architecture % 10);
        using var backend = new PTXBackend(_context, sm, InstructionSet, null!);
        Target.SetValue(backend.Capabilities, sm);
        var specialization = new KernelSpecialization(kernel.Shape.Threads, kernel.Shape.LeastBlocks == 0 ? null : kernel.Shape.LeastBlocks);
        var compiled = (PTXCompiledKernel)backend.Compile(EntryPointDescription.FromExplicitlyGroupedKernel(kernel.Method), specialization);
        string ptx = PlainFloat64().Replace(compiled.PTXAssembly, "$1.rn.f64");
        ptx = MultiplyAddCall().Replace(ptx, "fma.rn.f64\t$4, $1, $2, $3;");
        return MultiplyAddDeclaration().Replace(ptx, "");
    }

    /// <inheritdoc/>
    public void Dispose() => _context.Dispose();

    [GeneratedRegex(@"^\.extern \.func [^;]*?FusedMultiplyAdd\([^;]*;\s*", RegexOptions.Multiline)]
    private static partial Regex MultiplyAddDeclaration();

    // The three stores of the arguments, the call and the load of the result, as the backend writes them.
    [GeneratedRegex(@"\{\s*(?:\.param \.f64 callParam\d;\s*st\.param\.f64\s+\[callParam\d\], (\S+);\s*)(?:\.param \.f64 callParam\d;\s*st\.param\.f64\s+\[callParam\d\], (\S+);\s*)(?:\.param \.f64 callParam\d;\s*st\.param\.f64\s+\[callParam\d\], (\S+);\s*)\.param \.f64 callRetVal;\s*call(?:\.uni)? \(callRetVal\), FusedMultiplyAdd, \([^)]*\);\s*ld\.param\.f64\s+(\S+), \[callRetVal\];\s*\}")]
    private static partial Regex MultiplyAddCall();

    [GeneratedRegex(@"(?<=[\s;])(add|sub|mul)\.f64(?=\s)")]
    private static partial Regex PlainFloat64();
}
