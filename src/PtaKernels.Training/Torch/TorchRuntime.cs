using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using TorchSharp;

namespace PtaKernels.Training;

/// <summary>Loads libtorch and TorchSharp's wrapper for it, once, when the first verb that trains asks for them.</summary>
public static class TorchRuntime
{
    private const string Wrapper = "LibTorchSharp";

    // Each needs the ones before it, and finds them by name once they are loaded.
    private static readonly string[] Libraries = ["libc10.so", "libtorch_cpu.so", "libtorch.so"];

    // Present in a libtorch for CUDA.
    private static readonly string[] CudaLibraries = ["libc10_cuda.so", "libtorch_cuda.so"];

    private static readonly Lock Gate = new();
    private static string? _folder;
    private static nint _wrapper;
    private static nint _cuda;

    /// <summary>The folder that libtorch was loaded from; null before <see cref="Load"/>.</summary>
    public static string? Folder => _folder;

    /// <summary>Which kernels libtorch's MKL takes (<see cref="MklKernels.Taken"/>); null before <see cref="Load"/>, and for a libtorch without MKL.</summary>
    internal static int? Mkl { get; private set; }

    /// <summary>Loads libtorch; later calls do nothing.</summary>
    /// <exception cref="TorchException">It is missing, or this machine's system libraries are too old for it.</exception>
    public static void Load()
    {
        lock (Gate)
        {
            if (_folder is not null)
                return;
            string folder = TorchFolder.Find() ?? throw new TorchException(
                $"libtorch {TorchFolder.Version} is not on this machine; fetch it with `pta setup-torch` (about 130 MB), or name a folder that has it in {TorchFolder.Variable}.");
            MklKernels.Prefer();
            nint[] loaded = [.. Libraries.Select(library => LoadFile(Path.Combine(folder, library)))];
            Mkl = MklKernels.Taken(loaded[1]);
            foreach (string library in CudaLibraries.Where(l => File.Exists(Path.Combine(folder, l))))
                _cuda = LoadFile(Path.Combine(folder, library));
            _wrapper = LoadWrapper(folder);
            AssemblyLoadContext.GetLoadContext(typeof(torch).Assembly)!.ResolvingUnmanagedDll += Resolve;
            try
            {
                // Runs TorchSharp's own search, which asks Resolve.
                _ = torch.get_num_threads();
            }
            catch (Exception e) when (e is TypeInitializationException or NotSupportedException or DllNotFoundException or EntryPointNotFoundException)
            {
                throw new TorchException($"TorchSharp does not work with the libtorch in {folder}: {InnerMost(e)}", e);
            }

            _folder = folder;
        }
    }

    /// <summary>A device by its name: cpu, cuda, cuda:N. Loads libtorch first.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static torch.Device OpenDevice(string name)
    {
        Load();
        torch.Device opened;
        try
        {
            opened = torch.device(name);
        }
        catch (Exception e) when (e is ArgumentException or FormatException)
        {
            throw new ArgumentException($"--device {name} is not known; cpu, cuda and cuda:N are possible.", e);
        }

        if (opened.type == DeviceType.CUDA && !torch.cuda.is_available())
            throw new ArgumentException($"--device {name}: the libtorch in {Folder} finds no CUDA device; name a CUDA libtorch in {TorchFolder.Variable}, or use --device cpu.");
        return opened;
    }

    private static nint Resolve(Assembly assembly, string name) => name switch
    {
        Wrapper => _wrapper,
        "torch_cuda" => _cuda,
        _ => 0,
    };

    private static nint LoadWrapper(string folder)
    {
        string file = WrapperFile();
        if (NativeLibrary.TryLoad(file, out nint handle))
            return handle;
        try
        {
            return LoadFile(OlderSystems.CopyOf(file));
        }
        catch (TorchException e) when (e.InnerException is DllNotFoundException)
        {
            throw new TorchException($"the libtorch in {folder} does not fit TorchSharp, which was built against {TorchFolder.Version}: {ReasonOf(e.InnerException)}; name another one in {TorchFolder.Variable}, or leave it out and run `pta setup-torch`.", e);
        }
    }

    /// <summary>The wrapper's file (<see cref="NativeFile.Find"/>).</summary>
    internal static string WrapperFile()
    {
        string name = $"lib{Wrapper}.so";
        return NativeFile.Find(name)
            ?? throw new TorchException($"{name} is missing beside the program ({AppContext.BaseDirectory}); training runs on 64-bit x86 Linux only, from a complete installation.");
    }

    private static nint LoadFile(string file)
    {
        try
        {
            return NativeLibrary.Load(file);
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            throw new TorchException($"{file} does not load on this system: {ReasonOf(e)}", e);
        }
    }

    // The loader's own sentence is the last line.
    private static string ReasonOf(Exception e) => e.Message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)[^1];

    private static string InnerMost(Exception e)
    {
        while (e.InnerException is not null)
            e = e.InnerException;
        return e.Message.Split('\n')[0].Trim();
    }
}
