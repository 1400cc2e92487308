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
    private readonly Action<string>? _notice;
    private readonly int _architecture;
    private volatile bool _isLost, _hasRemains;

    private GpuDevice(Context context, Accelerator accelerator, int capability, Action<string>? notice = null)
    {
        _context = context;
        _notice = notice;
        Accelerator = accelerator;
        Capability = capability;
        _architecture = PtxCompiler.Architectures.LastOrDefault(sm => sm <= capability);
    }

    /// <summary>The device is full: what nobody uses any more has to be freed.</summary>
    internal event Action? Full;

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

    /// <summary>Null but while the host's part of a call is timed by itself.</summary>
    internal Rehearsal? Rehearsal { get; set; }

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
    /// <param name="notice">Told each of <see cref="Notices"/> when it comes up, one at a time.</param>
    /// <exception cref="GpuException">No driver, no device, or one that is too old: what and what to do.</exception>
    public static GpuDevice OpenCuda(int index = 0, Action<string>? notice = null)
    {
        CudaDevice device = CudaDriver.Choose(CudaDriver.Devices(), index);
        Context context = PtxCompiler.CreateContext(static _ => { });
        try
        {
            return new GpuDevice(context, device.CreateCudaAccelerator(context), CudaDriver.CapabilityOf(device), notice);
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
        Lazy<object> loaded = _kernels.GetOrAdd(kernel.Method, method => new Lazy<object>(() => LoadNow<TArguments>(KernelCatalog.Of(method))));
        try
        {
            return (LoadedKernel<TArguments>)loaded.Value;
        }
        catch (Exception e) when (Problem(e) is { } problem)
        {
            // A device that was full may have room the next time.
            _kernels.TryRemove(KeyValuePair.Create(kernel.Method, loaded));
            throw problem;
        }
    }

    /// <summary>A lane for one call: calls on several threads never share one.</summary>
    public GpuLane Rent()
    {
        Bind();
        GpuLane lane = _lanes.TryTake(out GpuLane? free) ? free : new GpuLane(this);
        lane.Reset();
        return lane;
    }

    /// <summary>Takes a lane back; <see cref="GpuLane.Dispose"/> calls it.</summary>
    internal void Return(GpuLane lane)
    {
        if (lane.Settle())
            _lanes.Add(lane);
        else
            _isLost = true;
    }

    /// <summary>A stream.</summary>
    internal AcceleratorStream CreateStream()
    {
        try
        {
            return Accelerator.CreateStream();
        }
        catch (Exception e) when (Problem(e) is { } problem)
        {
            throw problem;
        }
    }

    /// <summary>Device memory that stays until <see cref="Free"/>, not cleared; on the emulator filled with what is no id.</summary>
    /// <exception cref="GpuException">The device is full.</exception>
    internal MemoryBuffer1D<T, Stride1D.Dense> Allocate<T>(long length)
        where T : unmanaged
    {
        Bind();
        try
        {
            return Take<T>(length);
        }
        catch (Exception e) when (CudaDriver.IsOutOfMemory(e))
        {
            // What lanes keep for their next call, and tapes that only wait for the collector, may be just what is missing.
            ExpectRemains();
            while (_lanes.TryTake(out GpuLane? idle))
                idle.Release();
            GC.Collect();
            GC.WaitForPendingFinalizers();
            Full?.Invoke();
        }
        catch (Exception e) when (Problem(e) is { } problem)
        {
            throw problem;
        }

        try
        {
            return Take<T>(length);
        }
        catch (Exception e) when (Problem(e) is { } problem)
        {
            throw problem;
        }
    }

    private MemoryBuffer1D<T, Stride1D.Dense> Take<T>(long length)
        where T : unmanaged
    {
        MemoryBuffer1D<T, Stride1D.Dense> taken = Accelerator.Allocate1D<T>(length);
        // No id, count or place is 0x7F7F7F7F: on the emulator a kernel that reads what nothing wrote leaves its arrays at once, and every time.
        if (IsEmulator && length > 0)
            ((MemoryBuffer)taken).MemSet(Accelerator.DefaultStream, 0x7F, 0, taken.LengthInBytes);
        return taken;
    }

    /// <summary>Disposes memory, a stream or the accelerator. A device that is lost has given it up already, and says so.</summary>
    internal void Free(IDisposable? owned)
    {
        try
        {
            Bind();
            owned?.Dispose();
        }
        catch (Exception e) when (e is GpuException || Problem(e) is not null)
        {
            _isLost = true;
        }
    }

    /// <summary>Adds a sentence to <see cref="Notices"/>.</summary>
    internal void AddNotice(string sentence)
    {
        lock (_notices)
        {
            if (_notices.Contains(sentence))
                return;
            _notices.Add(sentence);
            _notice?.Invoke(sentence);
        }
    }

    /// <summary>What the driver throws as an exception that says what to do, or null for one that is not the driver's.</summary>
    internal GpuException? Problem(Exception exception)
    {
        if (IsEmulator || CudaDriver.Explain(exception) is not { } sentence)
            return null;
        ExpectRemains();
        return new GpuException(sentence, exception) { OutOfMemory = CudaDriver.IsOutOfMemory(exception) };
    }

    /// <summary>Something was not made: see <see cref="Dispose"/>.</summary>
    internal void ExpectRemains() => _hasRemains = true;

    /// <inheritdoc/>
    public void Dispose()
    {
        while (_lanes.TryTake(out GpuLane? lane))
            lane.Release();
        // On a lost device every call fails: what is left goes with the process.
        if (_isLost)
            return;
        if (_hasRemains)
        {
            // ILGPU keeps the shell of what it could not make, and would stumble over it here; the collector takes it silently.
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Free(Accelerator);
        _context.Dispose();
    }

    /// <summary>A driver context belongs to a thread until another binds it.</summary>
    private void Bind()
    {
        try
        {
            Accelerator.Bind();
        }
        catch (Exception e) when (Problem(e) is { } problem)
        {
            throw problem;
        }
    }

    private LoadedKernel<TArguments> LoadNow<TArguments>(KernelEntry entry)
        where TArguments : struct
    {
        if (IsEmulator)
            return new LoadedKernel<TArguments>(this, entry, Accelerator.LoadKernel(entry.Method, new KernelSpecialization(entry.Shape.EmulatorThreads, null)));
        if (PtxFiles.Read(entry, _architecture) is { } shipped)
        {
            try
            {
                return LoadText<TArguments>(entry, shipped);
            }
            catch (CudaException e) when (CudaDriver.IsDamagedPtx(e))
            {
                ExpectRemains();
                AddNotice($"the driver did not take the PTX files in {PtxFiles.Folder} ({e.Error}), so kernels are compiled now, a second or so each; build the project again to have them right.");
            }
        }
        else
        {
            AddNotice($"the PTX files in {PtxFiles.Folder} are missing or of another build, so kernels are compiled now, a second or so each; build the project again to have them ready.");
        }

        return LoadText<TArguments>(entry, new PtxCompiler(_context).Compile(entry, _architecture));
    }

    private LoadedKernel<TArguments> LoadText<TArguments>(KernelEntry entry, string ptx)
        where TArguments : struct
    {
        var point = new EntryPoint(
            EntryPointDescription.FromExplicitlyGroupedKernel(entry.Method), new SharedMemorySpecification(0, false), new KernelSpecialization(entry.Shape.Threads, null));
        return new LoadedKernel<TArguments>(this, entry, Accelerator.LoadKernel((CompiledKernel)CompiledKernelOf.Invoke([_context, point, null, ptx])));
    }
}
