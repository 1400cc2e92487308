using System.Globalization;
using PtaKernels.Gpu;
using PtaKernels.Tests.Cli;

namespace PtaKernels.Tests.Gpu;

/// <summary>What a user reads when a CUDA device is missing, too old, refuses or is lost, and what is left behind: on a stand-in for the driver that fails as asked.</summary>
public sealed class CudaFailureTests
{
    [TestCase("DEVICES=0", "the CUDA driver shows no device; check nvidia-smi and CUDA_VISIBLE_DEVICES")]
    [TestCase("DRIVER=11080", "the CUDA driver is for CUDA 11.8, and the kernels need 12.0; install driver 525 or later")]
    [TestCase("CAPABILITY=75", "CUDA stand-in 0 has compute capability 7.5, and the kernels need 8.0 (A100 or later)")]
    [TestCase("FAIL=cuInit:0:999", "the CUDA driver reports CUDA_ERROR_UNKNOWN; start again")]
    [TestCase("FAIL=cuInit:0:803", "the CUDA driver library and the kernel's driver are of two versions; restart the machine")]
    [TestCase("FAIL=cuInit:0:802", "the device is not ready (CUDA_ERROR_SYSTEM_NOT_READY)")]
    [TestCase("FAIL=cuInit:0:34", "the CUDA driver library found is the toolkit's stub")]
    [TestCase("FAIL=cuCtxCreate_v2:0:2", "the device's memory is used up")]
    [TestCase("FAIL=cuCtxCreate_v2:0:46", "the device is taken by another program, or closed to this one (CUDA_ERROR_DEVICE_UNAVAILABLE)")]
    [TestCase("FAIL=cuModuleLoadDataEx:0:218", "the driver does not take these kernels (CUDA_ERROR_INVALID_PTX); install driver 525 or later")]
    [TestCase("FAIL=cuModuleLoadDataEx:0:222", "the driver does not take these kernels (CUDA_ERROR_UNSUPPORTED_PTX_VERSION); install driver 525 or later")]
    [TestCase("FAIL=cuLaunchKernel:1:719", "the device stopped working (CUDA_ERROR_LAUNCH_FAILED)")]
    [TestCase("MEMORY=100000", "CUDA stand-in 0 has no room for")]
    [TestCase("ARITHMETIC=contracted", "CUDA stand-in 0 does not round float64 as the host does")]
    [TestCase("ARITHMETIC=twin", "CUDA stand-in 0 computes 16-bit cells that differ from the host's")]
    public void ADeviceThatCannotBeUsedIsOneSentence(string setting, string sentence)
    {
        using var files = new AlignFiles(seed: 1, documents: 5);
        string[] arguments = files.Arguments("--preset", "reference", "--window", "4", "--json");
        StandInRun asked = StandIn.Run([.. arguments, "--backend", GpuBackend.Cuda], [setting]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(asked.Exit, Is.EqualTo(1), asked.Errors);
            // Only the notice that PTX was refused may come before it.
            Assert.That(asked.ErrorLines.Where(static line => !line.StartsWith("notice: ", StringComparison.Ordinal)).ToArray(), Has.Length.EqualTo(1), asked.Errors);
            Assert.That(asked.ErrorLines[^1], Does.StartWith("pta: backend ilgpu-cuda does not run here: " + sentence));
            Assert.That(files.Left, Is.Empty, "nothing is written");
            Assert.That(asked.Faults, Is.Empty);
        }

        StandInRun auto = StandIn.Run([.. arguments, "--backend", "auto"], [setting]);
        byte[] fallen = File.ReadAllBytes(files.Output);
        string[] native = [.. arguments, "--backend", "native"];
        native[Array.IndexOf(native, files.Output)] = files.Folder["native.jsonl"];
        Assert.That(Pta.Run(native).Exit, Is.Zero);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(auto.Exit, Is.Zero, auto.Errors);
            string[] notices = [.. auto.ErrorLines.Where(line => line.StartsWith("notice: " + sentence, StringComparison.Ordinal))];
            Assert.That(notices, Has.Length.EqualTo(1).And.All.EndsWith(" Until then backend native runs, which gives the same results."), auto.Errors);
            Assert.That(fallen, Is.EqualTo(File.ReadAllBytes(files.Folder["native.jsonl"])), "the work is done all the same");
            Assert.That(auto.Faults, Is.Empty);
        }
    }

    [TestCase("cuLaunchKernel", 700, "the device stopped working (CUDA_ERROR_ILLEGAL_ADDRESS)")]
    [TestCase("cuStreamSynchronize", 719, "the device stopped working (CUDA_ERROR_LAUNCH_FAILED)")]
    [TestCase("cuStreamSynchronize", 214, "the device stopped working (CUDA_ERROR_ECC_UNCORRECTABLE)")]
    [TestCase("cuMemcpyAsync", 999, "the CUDA driver reports CUDA_ERROR_UNKNOWN")]
    [TestCase("cuMemAlloc_v2", 700, "the device stopped working (CUDA_ERROR_ILLEGAL_ADDRESS)")]
    [TestCase("cuMemHostRegister_v2", 700, "the device stopped working (CUDA_ERROR_ILLEGAL_ADDRESS)")]
    [TestCase("cuMemsetD8Async", 700, "the device stopped working (CUDA_ERROR_ILLEGAL_ADDRESS)")]
    public void ADeviceLostAtWorkIsOneSentence(string call, int error, string sentence)
    {
        using var files = new AlignFiles(seed: 1, documents: 5);
        string[] arguments = files.Arguments("--preset", "paper", "--backend", "auto", "--report", files.Folder["report.json"]);
        // Somewhere behind the self-test, and before the end.
        using var spare = new AlignFiles(seed: 1, documents: 5);
        StandInRun whole = StandIn.Run(spare.Arguments("--preset", "paper", "--backend", "auto"));
        long launches = whole.Count("launches");
        int at = call switch
        {
            "cuLaunchKernel" => (int)(launches * 3 / 4),
            "cuMemcpyAsync" => (int)(whole.Count("copies") * 3 / 4),
            "cuMemAlloc_v2" => whole.Calls(call).Length,
            "cuMemHostRegister_v2" => 1,
            "cuMemsetD8Async" => 2,
            _ => 40,
        };
        StandInRun run = StandIn.Run(arguments, [string.Create(CultureInfo.InvariantCulture, $"FAIL={call}:{at}:{error}")]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(whole.Exit, Is.Zero, whole.Errors);
            Assert.That(run.Log, Has.One.EqualTo($"{call} fails as asked: {error}"));
            Assert.That(run.Exit, Is.EqualTo(1), run.Errors);
            Assert.That(run.ErrorLines, Has.Length.EqualTo(1).And.All.StartsWith("pta: " + sentence));
            Assert.That(files.Left, Is.Empty, "nothing stands under a final name");
            Assert.That(run.Faults, Is.Empty);
        }
    }

    [Test]
    public void VerifyStopsWithTheDevice()
    {
        StandInRun run = StandIn.Run(["verify", "--golden", Pta.Golden, "--vocab", Pta.Vocabularies, "--allow-skips", "--backend", GpuBackend.Cuda], ["FAIL=cuLaunchKernel:8:700"]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Exit, Is.EqualTo(1));
            Assert.That(run.ErrorLines[^1], Does.StartWith("pta: the device stopped working (CUDA_ERROR_ILLEGAL_ADDRESS)"));
            Assert.That(run.Output, Does.Not.Contain(" failed"), "rows are not blamed for it");
        }
    }

    [TestCase(2, false)]
    [TestCase(4, true)]
    public void AFullDeviceGoesOn(int refusals, bool halves)
    {
        using var folder = new ScratchFolder();
        string[] arguments = ["align", "--preset", "reference", .. Pta.SampleFiles, "--out", folder["out.jsonl"], "--force", "--backend", GpuBackend.Cuda];
        StandInRun whole = StandIn.Run(arguments);
        int documents = File.ReadAllLines(folder["out.jsonl"]).Length;
        // From the chunk's first allocation on: each is asked for twice, and a chunk has a second try by itself.
        int first = whole.Log.TakeWhile(static line => !line.StartsWith("cuLaunchKernel Kernel_Positions ", StringComparison.Ordinal))
            .Count(static line => line.StartsWith("cuMemAlloc_v2 ", StringComparison.Ordinal)) + 1;
        StandInRun full = StandIn.Run(arguments, ["FAIL=" + string.Join(',', Enumerable.Range(first, refusals).Select(static n => string.Create(CultureInfo.InvariantCulture, $"cuMemAlloc_v2:{n}:2")))]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(whole.Exit, Is.Zero, whole.Errors);
            Assert.That(full.Exit, Is.Zero, full.Errors);
            Assert.That(full.Log.Count(static line => line == "cuMemAlloc_v2 fails as asked: 2"), Is.EqualTo(refusals));
            Assert.That(
                full.ErrorLines.Count(static line => line.StartsWith("notice: CUDA stand-in 0 had no room for ", StringComparison.Ordinal) && line.EndsWith("in halves: the same results.", StringComparison.Ordinal)),
                Is.EqualTo(halves ? 1 : 0), full.Errors);
            Assert.That(File.ReadAllLines(folder["out.jsonl"]), Has.Length.EqualTo(documents).And.Length.Positive);
            full.IsClean();
        }
    }
}
