using System.Collections.Concurrent;
using System.Reflection;
using ILGPU;
using ILGPU.Backends;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.PTX;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.Cuda;

namespace PtaKernels.Gpu;

/// <summary>One device: a CUDA GPU, or ILGPU's emulator with warps of 32 threads. Owns the context, the loaded kernels and the lanes.</summary>
internal sealed class GpuDevice : IDisposable
{
    // Eight warps: the largest block that any kernel asks for. Each thread of a block is a thread of the operating system.
    private static readonly CPUDevice Emulator = new(numThreadsPerWarp: 32, numWarpsPerMultiprocessor: 8, numMultiprocessors: 1);

    private static readonly ConstructorInfo CompiledKernelOf = typeof(PTXCompiledKernel).GetConstructors(BindingFlags.Instance | BindingFlags.NonPublic).Single();

    private readonly Context _context;
    private readonly ConcurrentDictionary<MethodInfo, Lazy<object>> _kernels = [];
    private readonly ConcurrentBag<GpuLane> _lanes = [];
    private readonly List<string> _notices = [];
    private readonly int _architecture;

    private GpuDevice(Context context, Accelerator accelerator, int capability)
    {
        _context = context;
        Accelerator = accelerator;
        Capability = capability;
        _architecture = PtxCompiler.Architectures.LastOrDefault(sm => sm <= capability);
    }

    /// <summary>ILGPU's accelerator.</summary>
    public Accelerator Accelerator { get; }

    /// <summary>Whether the kernels run on the processor.</summary>
    public bool IsEmulator => Accelerator is CPUAccelerator;

    /// <summary>Compute capability times ten (90 on H100 and H200); on the emulator the highest that kernels are made for.</summary>
    public int Capability { get; }

    /// <summary>The device as its maker calls it.</summary>
    public string Name => IsEmulator ? "ILGPU emulator, warps of 32" : Accelerator.Name;

    /// <summary>Most bytes that a lane may take; tests lower it to meet a full device without one.</summary>
    public long MemoryLimit { get; set; } = long.MaxValue;

    /// <summary>What a user should know of this device, each sentence once: kernels compiled now, twins chosen by the self-test.</summary>
    public IReadOnlyList<string> Notices
    {
        get
        {
            lock (_notices)
                return [.. _notices];
        }
    }

    /// <summary>Opens the emulator.</summary>
    public static GpuDevice OpenEmulator()
    {
        Context context = PtxCompiler.CreateContext(static builder => builder.CPU(Emulator));
        return new GpuDevice(context, context.GetCPUDevice(0).CreateCPUAccelerator(context), PtxCompiler.Architectures[^1]);
    }

    /// <summary>Opens a CUDA device.</summary>
    /// <param name="index">Its number among those that the driver shows.</param>
    /// <exception cref="GpuException">No driver, no device, or one that is too old: what and what to do.</exception>
    public static GpuDevice OpenCuda(int index = 0)
    {
        CudaDriver.Require();
        Context context = PtxCompiler.CreateContext(static builder => builder.Cuda(static device => device.InstructionSet = PtxCompiler.InstructionSet));
        try
        {
            CudaDevice device = CudaDriver.Choose([.. context.GetCudaDevices()], index);
            CudaArchitecture architecture = device.Architecture!.Value;
            return new GpuDevice(context, device.CreateCudaAccelerator(context), (architecture.Major * 10) + architecture.Minor);
        }
        catch (Exception e) when (e is not GpuException && CudaDriver.Explain(e) is { } problem)
        {
            context.Dispose();
            throw new GpuException(problem, e);
        }
        catch
        {
            context.Dispose();
            throw;
        }
    }

    /// <summary>A kernel on this device: shipped PTX where this build has it, else compiled now.</summary>
    /// <exception cref="GpuException">The driver refuses it.</exception>
    public LoadedKernel<TArguments> Load<TArguments>(Action<TArguments> kernel)
        where TArguments : struct
    {
        ArgumentNullException.ThrowIfNull(kernel);
        return (LoadedKernel<TArguments>)_kernels.GetOrAdd(kernel.Method, method => new Lazy<object>(() => LoadNow<TArguments>(KernelCatalog.Of(method)))).Value;
    }

    /// <summary>A lane for one call: calls on several threads never share one.</summary>
    public GpuLane Rent()
    {
        // A driver context belongs to a thread until another binds it.
        Accelerator.Bind();
        GpuLane lane = _lanes.TryTake(out GpuLane? free) ? free : new GpuLane(this);
        lane.Reset();
        return lane;
    }

    /// <summary>Takes a lane back; <see cref="GpuLane.Dispose"/> calls it.</summary>
    internal void Return(GpuLane lane) => _lanes.Add(lane);

    /// <summary>Adds a sentence to <see cref="Notices"/>.</summary>
    internal void AddNotice(string sentence)
    {
        lock (_notices)
        {
            if (!_notices.Contains(sentence))
                _notices.Add(sentence);
        }
    }

    /// <summary>One sentence for what the driver throws, or null for an exception that is not the driver's.</summary>
    internal string? Explain(Exception exception) => IsEmulator ? null : CudaDriver.Explain(exception);

    /// <inheritdoc/>
    public void Dispose()
    {
        while (_lanes.TryTake(out GpuLane? lane))
            lane.Release();
        Accelerator.Dispose();
        _context.Dispose();
    }

    private LoadedKernel<TArguments> LoadNow<TArguments>(KernelEntry entry)
        where TArguments : struct
    {
        if (IsEmulator)
            return new LoadedKernel<TArguments>(this, entry, Accelerator.LoadKernel(entry.Method, new KernelSpecialization(entry.Shape.EmulatorThreads, null)));
        string? ptx = PtxFiles.Read(entry, _architecture);
        if (ptx is null)
        {
            AddNotice($"the PTX files in {PtxFiles.Folder} are missing or of another build, so kernels are compiled now, a second or so each; build the project again to have them ready.");
            ptx = new PtxCompiler(_context).Compile(entry, _architecture);
        }

        var point = new EntryPoint(
            EntryPointDescription.FromExplicitlyGroupedKernel(entry.Method), new SharedMemorySpecification(0, false), new KernelSpecialization(entry.Shape.Threads, null));
        var compiled = (CompiledKernel)CompiledKernelOf.Invoke([_context, point, null, ptx]);
        try
        {
            return new LoadedKernel<TArguments>(this, entry, Accelerator.LoadKernel(compiled));
        }
        catch (CudaException e)
        {
            throw new GpuException($"kernel {entry.Name} was not accepted: {CudaDriver.Explain(e)}", e);
        }
    }
}
