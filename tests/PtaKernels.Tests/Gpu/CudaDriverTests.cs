using System.IO.Compression;
using System.Text.Json;
using PtaKernels.Gpu;
using PtaKernels.Tests.Cli;

namespace PtaKernels.Tests.Gpu;

/// <summary>The way to a CUDA device, driver call by driver call, on a stand-in for the driver. Results are those of kernels that do nothing.</summary>
public sealed class CudaDriverTests
{
    [Test]
    public void DevicesShowsTheGpu()
    {
        StandInRun run = StandIn.Run(["devices"]);
        JsonElement gpu = JsonDocument.Parse(StandIn.Run(["devices", "--json"], ["CAPABILITY=103"]).Output).RootElement.GetProperty("gpus")[0];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Exit, Is.Zero, run.Errors);
            Assert.That(run.Output, Does.Match(@"gpu 0 +CUDA stand-in 0, compute capability 9\.0, 16\.0 GiB, driver for CUDA 12\.4\n"));
            Assert.That(run.Output, Does.Match(@"auto takes +ilgpu-cuda, sm_90\n"));
            Assert.That(gpu.GetProperty("compute_capability").GetString(), Is.EqualTo("10.3"));
            run.IsClean();
        }
    }

    [TestCase(80, "sm_80", "--preset", "reference", "--window", "4")]
    [TestCase(90, "sm_90", "--preset", "paper")]
    [TestCase(100, "sm_90", "--preset", "fusion")]
    [TestCase(120, "sm_90", "--preset", "reference", "--window", "4")]
    public void ShippedKernelsAreLoadedAndLaunched(int capability, string target, params string[] options)
    {
        using var files = new AlignFiles(seed: 1, documents: 5);
        StandInRun run = StandIn.Run(files.Arguments([.. options, "--backend", GpuBackend.Cuda]), [$"CAPABILITY={capability}"]);
        string[] modules = run.Calls("cuModuleLoadDataEx");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Exit, Is.Zero, run.Errors);
            Assert.That(run.Errors, Does.Not.Contain("compiled now"));
            Assert.That(modules, Has.Length.GreaterThan(6).And.Unique.And.All.Contains($" version=8.0 target={target} "));
            Assert.That(run.Count("launches"), Is.GreaterThan(modules.Length));
            Assert.That(run.Calls("cuModuleLoadDataEx").Any(static m => m.Contains("Kernel_Packed", StringComparison.Ordinal)), Is.EqualTo(capability >= 90), "the packed minimum needs sm_90");
            run.IsClean();
        }
    }

    [Test]
    public void EveryVerbKeepsTheRules()
    {
        using var folder = new ScratchFolder();
        // A few rows of each kind: what they are compared with is not what kernels that do nothing give.
        string golden = Directory.CreateDirectory(folder["golden"]).FullName;
        foreach (string file in (string[])["editdistance", "dtw", "sinkhorn", "exact_ot", "vocab_map"])
        {
            using var reader = new StreamReader(new GZipStream(File.OpenRead(Path.Combine(Pta.Golden, file + ".jsonl.gz")), CompressionMode.Decompress));
            using var writer = new StreamWriter(new GZipStream(File.Create(Path.Combine(golden, file + ".jsonl.gz")), CompressionLevel.Fastest));
            for (int row = 0; row < 6 && reader.ReadLine() is { } line; row++)
                writer.WriteLine(line);
        }

        StandInRun verify = StandIn.Run(["verify", "--golden", golden, "--vocab", Pta.Vocabularies, "--allow-skips", "--backend", GpuBackend.Cuda]);
        StandInRun map = StandIn.Run(
            ["map", "--source-vocab", Pta.Samples("vocab/gpt2.json.gz"), "--target-vocab", Pta.Samples("vocab/spA.json.gz"), "--out", folder["map.json"], "--rule", "texts", "--backend", GpuBackend.Cuda]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(verify.Exit, Is.EqualTo(1));
            Assert.That(verify.Output, Does.Contain(" failed"));
            Assert.That(verify.Calls("cuModuleLoadDataEx"), Has.Length.GreaterThan(8));
            verify.IsClean();
            Assert.That(map.Exit, Is.Zero, map.Errors);
            map.IsClean();
        }
    }

    [Test]
    [Category("Long")]
    public void WithoutItsPtxKernelsAreCompiled([Values] bool otherBuild)
    {
        using var folder = new ScratchFolder();
        string program = Directory.CreateDirectory(folder["program"]).FullName;
        foreach (string file in Directory.GetFiles(StandIn.Program, "*", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(program, Path.GetRelativePath(StandIn.Program, file));
            if (!otherBuild && copy.EndsWith(".ptx", StringComparison.Ordinal))
                continue;
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        if (otherBuild)
        {
            string list = Path.Combine(program, "ptx/kernels.tsv");
            File.WriteAllLines(list, [.. File.ReadAllLines(list)[..^1], "# 0123456789abcdef0123456789abcdef"]);
        }

        using var files = new AlignFiles(seed: 1, documents: 5);
        string[] arguments = files.Arguments("--preset", "reference", "--window", "4", "--backend", GpuBackend.Cuda);
        StandInRun compiled = StandIn.Run(arguments, program: program), shipped = StandIn.Run([.. arguments, "--force"]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(compiled.Exit, Is.Zero, compiled.Errors);
            Assert.That(compiled.ErrorLines.Count(static line => line.StartsWith("notice: the PTX files in ", StringComparison.Ordinal) && line.Contains("are missing or of another build", StringComparison.Ordinal)), Is.EqualTo(1), compiled.Errors);
            Assert.That(compiled.Calls("cuModuleLoadDataEx").Order(), Is.EqualTo(shipped.Calls("cuModuleLoadDataEx").Order()));
            compiled.IsClean();
        }
    }

    [Test]
    public void DamagedPtxIsReplaced()
    {
        using var files = new AlignFiles(seed: 1, documents: 5);
        StandInRun run = StandIn.Run(files.Arguments("--preset", "paper", "--backend", GpuBackend.Cuda), ["FAIL=cuModuleLoadDataEx:2:218"]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Exit, Is.Zero, run.Errors);
            Assert.That(run.Errors, Does.Contain("notice: the driver did not take the PTX files in ").And.Contain("(CUDA_ERROR_INVALID_PTX), so kernels are compiled now"));
            run.IsClean();
        }
    }

    [Test]
    public void ADeviceWhosePackedMinimumIsWrongUsesPlainArithmetic()
    {
        using var files = new AlignFiles(seed: 1, documents: 5);
        StandInRun run = StandIn.Run(files.Arguments("--preset", "reference", "--window", "4", "--backend", "auto"), ["ARITHMETIC=cells"]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Exit, Is.Zero, run.Errors);
            Assert.That(run.ErrorLines.Count(static line => line.StartsWith("notice: the packed 16-bit minimum of CUDA stand-in 0 differs", StringComparison.Ordinal)), Is.EqualTo(1), run.Errors);
            run.IsClean();
        }
    }

    [Test]
    public void WithoutADriverOneSentenceSaysSo()
    {
        if (GpuBackend.WhyUnavailable is not { } problem || !problem.StartsWith("no CUDA driver", StringComparison.Ordinal))
        {
            Assert.Ignore("NOT RUN: this machine has a CUDA driver.");
            return;
        }

        using var files = new AlignFiles();
        PtaRun run = Pta.Run(files.Arguments("--backend", GpuBackend.Cuda));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Exit, Is.EqualTo(1));
            Assert.That(run.Errors, Is.EqualTo(
                "pta: backend ilgpu-cuda does not run here: no CUDA driver was found (libcuda.so.1); install the NVIDIA driver, 525 or later, or use --backend native.\n"));
            Assert.That(files.Left, Is.Empty);
            Assert.That(Pta.Run("devices").Output, Does.Match(@"\ngpu +no CUDA driver was found"));
        }
    }
}
