using System.Text.Json;
using PtaKernels.Cli.Bench;
using PtaKernels.Gpu;
using PtaKernels.Tests.Conformance;

namespace PtaKernels.Tests.Cli;

/// <summary>The benchmarks with data on the device, at the emulator's tiny sizes: answers are checked, passes are counted, results name the device.</summary>
public sealed class DeviceBenchTests
{
    private static readonly Dictionary<string, (Func<BenchData, BenchCase?> Prepare, string Clock)> Cases = new()
    {
        ["map.gpt2-spA"] = (DeviceCases.Map, DeviceCases.DeviceClock),
        ["edit.all-pairs"] = (DeviceCases.EditAllPairs, DeviceCases.DeviceClock),
        ["path.512"] = (DeviceCases.Path512, DeviceCases.DeviceClock),
        ["path.2048"] = (DeviceCases.Path2048, DeviceCases.DeviceClock),
        ["path.2048.band"] = (DeviceCases.Path2048Band, DeviceCases.DeviceClock),
        ["ot.official"] = (DeviceCases.OfficialTransport, DeviceCases.DeviceClock),
        ["ot.semi-relaxed"] = (DeviceCases.SemiRelaxedTransport, DeviceCases.DeviceClock),
        ["doc.reference"] = (DeviceCases.Reference, DeviceCases.PipelineClock),
        ["doc.paper"] = (DeviceCases.Paper, DeviceCases.PipelineClock),
        ["doc.fusion"] = (DeviceCases.Fusion, DeviceCases.PipelineClock),
        ["doc.transport"] = (DeviceCases.Transport, DeviceCases.PipelineClock),
        ["doc.embedding"] = (DeviceCases.Embedding, DeviceCases.PipelineClock),
    };

    public static IEnumerable<string> Ids => Cases.Keys;

    [TestCaseSource(nameof(Ids))]
    [Category("Long")]
    public void ACaseChecksItsAnswerAndTimesPasses(string id)
    {
        using BenchData data = EmulatorData();
        BenchCase one = Cases[id].Prepare(data)!;
        Lap lap = one.Ours.Run(0.001);
        using (Assert.EnterMultipleScope())
        {
            Assert.That((one.Id, one.Clock, one.Ours.Name, one.Peers()[0].Name), Is.EqualTo((id, Cases[id].Clock, GpuBackend.Emulator, "native, one thread")));
            Assert.That(lap.Units, Is.Positive);
            Assert.That(lap.Seconds, Is.Positive);
            Assert.That(one.Note(), Does.EndWith("; ILGPU emulator, warps of 32"));
        }
    }

    [Test]
    public void PassesDoNotChangeTheAnswer()
    {
        var backend = (GpuBackend)BackendCases.Open(GpuBackend.Emulator);
        PathProblem[] problems = [new([0, 1, 2, 1], [1, 0, 1], new byte[,] { { 1, 4 }, { 0, 2 }, { 3, 5 } }), new([0], [0, 0], new byte[,] { { 7 } })];
        AlignmentPath[] paths = [new(), new()];
        using var work = new DevicePaths(backend, problems);
        work.Answer(paths);
        (long, (int, int)[])[] before = [.. paths.Select(static p => (p.Cost, p.Steps.ToArray()))];
        double seconds = work.Time(3);
        work.Answer(paths);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(seconds, Is.Positive);
            Assert.That(before[1], Is.EqualTo((14L, new[] { (0, 0), (0, 1) })));
            Assert.That(paths.Select(static p => (p.Cost, p.Steps.ToArray())), Is.EqualTo(before));
        }
    }

    [Test]
    public void ResultsNameTheClockAndTheDevice()
    {
        using var folder = new ScratchFolder();
        string results = folder["gpu.json"], readme = folder.Write("README.md", $"{ReadmeTable.Block.Begin}{ReadmeTable.Block.End}");
        BenchEntry host = new("ot.official", "ilgpu-cuda", "sm_90", 1, 1e6, "problems/s", "scalar C++", 1e5, 10), device = host with { Rate = 4e8, PeerRate = 2e5, Ratio = 2000, Clock = "device" };
        var run = new BenchRunInfo(
            "2026-01-02", "Some CPU", 16, "Linux", ".NET 10", null, null, 10, [new BenchSpread("ot.official", 9, 9, 11, ""), new BenchSpread("ot.official", 5, 1900, 2100, "", 1, "device")], null, null,
            new BenchDevice("Some GPU", "9.0", "550.54.15 CUDA 12.4"));
        BenchFiles.Write(results, [host, device], run);
        ReadmeTable.Rewrite(readme, results);
        string table = File.ReadAllText(readme);
        JsonElement[] entries = [.. JsonDocument.Parse(File.ReadAllText(results)).RootElement.EnumerateArray()];
        JsonElement machine = JsonDocument.Parse(File.ReadAllText(folder["gpu.run.json"])).RootElement;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(entries[0].TryGetProperty("clock", out _), Is.False);
            Assert.That(entries[1].GetProperty("clock").GetString(), Is.EqualTo("device"));
            Assert.That(machine.GetProperty("device").GetProperty("compute_capability").GetString(), Is.EqualTo("9.0"));
            Assert.That(machine.GetProperty("device").GetProperty("driver").GetString(), Is.EqualTo("550.54.15 CUDA 12.4"));
            Assert.That(BenchFiles.Read(results).Entries, Is.EqualTo(new[] { host, device }));
            Assert.That(table, Does.Contain("| ot.official | ilgpu-cuda, sm_90 | 1 M problems/s |  | scalar C++ | 100,000 | 10 (9..11) |"));
            Assert.That(table, Does.Contain("| ot.official, device time | ilgpu-cuda, sm_90 | 400 M problems/s |  | scalar C++ | 200,000 | 2,000 (1,900..2,100) |"));
            Assert.That(table, Does.Contain("Some GPU, compute capability 9.0, driver 550.54.15 CUDA 12.4"));
        }
    }

    private static BenchData EmulatorData() =>
        new(BackendCases.Open(GpuBackend.Emulator), Pta.Golden, Pta.Vocabularies, 0.02);
}
