using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace PtaKernels.Native;

/// <summary>The kernels of <c>native/</c> on this machine's vector instructions.</summary>
public sealed unsafe partial class NativeBackend : IKernelBackend
{
    /// <summary>The environment variable that forces an instruction set.</summary>
    public const string IsaVariable = "PTAKERNELS_ISA";

    private static readonly string[] BestFirst = ["avx512", "avx2", "portable"];

    private readonly ConcurrentBag<WorkspaceHandle> _workspaces = [];

    /// <summary>Opens the library.</summary>
    /// <param name="isa">portable, avx2 or avx512; null takes <see cref="IsaVariable"/>, else the best that this machine has.</param>
    /// <exception cref="NativeLibraryException">The library is missing, unloadable or of another version.</exception>
    /// <exception cref="ArgumentException">An instruction set that is unknown or that this machine lacks: it is never replaced by another.</exception>
    public NativeBackend(string? isa = null)
    {
        NativeLibraryFile.Require();
        WorkspaceHandle first = Open(isa);
        Isa = Marshal.PtrToStringUTF8((nint)NativeMethods.WorkspaceIsa(first))!;
        _workspaces.Add(first);
    }

    /// <summary>Instruction sets that this machine can run, best first.</summary>
    /// <exception cref="NativeLibraryException">The library is missing, unloadable or of another version.</exception>
    public static IReadOnlyList<string> InstructionSets
    {
        get
        {
            NativeLibraryFile.Require();
            return [.. BestFirst.Where(static isa => NativeMethods.CheckIsa(isa) == NativeStatus.Ok)];
        }
    }

    /// <inheritdoc/>
    public string Name => "native";

    /// <inheritdoc/>
    public string Isa { get; }

    /// <summary>Threads of one <see cref="AlignBatch"/> call: 1 = the caller's, 0 = one per core. Results never depend on it.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>The variable is read here, because the library sees only what was set before this process began.</summary>
    private static WorkspaceHandle Open(string? isa)
    {
        if (isa is not null || Environment.GetEnvironmentVariable(IsaVariable) is not { Length: > 0 } forced)
            return new WorkspaceHandle(isa);
        try
        {
            return new WorkspaceHandle(forced);
        }
        catch (ArgumentException e)
        {
            throw new ArgumentException($"{IsaVariable}: {e.Message}", e);
        }
    }

    /// <summary>A workspace for one call: calls on several threads never share one.</summary>
    private Lease Rent() => new(this, _workspaces.TryTake(out WorkspaceHandle? free) ? free : new WorkspaceHandle(Isa));

    private readonly ref struct Lease(NativeBackend owner, WorkspaceHandle workspace)
    {
        public WorkspaceHandle Workspace { get; } = workspace;

        public void Dispose() => owner._workspaces.Add(Workspace);
    }
}
