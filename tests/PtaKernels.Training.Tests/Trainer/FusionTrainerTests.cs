using System.Diagnostics;
using System.Text.Json;
using PtaKernels.Cli;
using PtaKernels.Training.Tests.Cli;
using TorchSharp;
using static TorchSharp.torch;

namespace PtaKernels.Training.Tests.Trainer;

/// <summary>Whole runs: against an independent program, and however they are stopped.</summary>
public sealed class FusionTrainerTests
{
    [Test]
    public void FiftyStepsFollowAnIndependentProgram([Values] bool recompute)
    {
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllText(GoldenFile("training/loss_curve.json")));
        JsonElement options = golden.RootElement.GetProperty("options");
        PackedSequence[] sequences = [.. golden.RootElement.GetProperty("sequences").EnumerateArray().Select(SequenceOf)];
        using var folder = new TrainingFolder(sequences);
        var records = new List<StepRecord>();
        new FusionTrainer(new TrainingOptions
        {
            Model = GoldenFile("models/llama"), Data = folder.Data, Output = folder["run"], Compute = ScalarType.Float32, Checkpointing = recompute, Batch = 2, Accumulation = sequences.Length / 2,
            MaxSteps = options.GetProperty("steps").GetInt32(), Weight = options.GetProperty("weight").GetDouble(), LearningRate = options.GetProperty("learning_rate").GetDouble(),
            WarmUp = options.GetProperty("warm_up").GetDouble(), WeightDecay = options.GetProperty("weight_decay").GetDouble(), Clip = options.GetProperty("clip").GetDouble(),
        })
        {
            Progress = records.Add,
        }.Run(CancellationToken.None);
        JsonElement[] curve = [.. golden.RootElement.GetProperty("curve").EnumerateArray()];
        Assert.That(records, Has.Count.EqualTo(curve.Length));
        Assert.That(records[^1].Loss, Is.LessThan(0.7 * records[0].Loss), "something is learned");
        using (Assert.EnterMultipleScope())
        {
            for (int step = 0; step < curve.Length; step++)
            {
                Same(records[step].Loss, "loss", step);
                Same(records[step].NextToken, "next_token", step);
                Same(records[step].Fusion!.Value, "fusion", step);
                Same(records[step].GradientNorm, "gradient_norm", step);
            }
        }

        // The golden curve is float64.
        void Same(double value, string name, int step)
        {
            double expected = curve[step].GetProperty(name).GetDouble();
            Assert.That(value, Is.EqualTo(expected).Within((step == 0 ? 1e-5 : 1e-3) * expected), $"{name} of step {step + 1}");
        }
    }

    [Test]
    public void StoppedRunGoesOnToTheLastBit([Values(ScalarType.Float32, ScalarType.BFloat16)] ScalarType type)
    {
        using var folder = new TrainingFolder();
        TrainingOptions whole = folder.Options("whole") with { Compute = type }, parts = folder.Options("parts") with { Compute = type };
        new FusionTrainer(whole).Run(CancellationToken.None);
        for (int stop = 2; stop < 9; stop += 3)
        {
            using var cancellation = new CancellationTokenSource();
            int last = stop;
            var trainer = new FusionTrainer(parts) { Progress = record => { if (record.Step == last) cancellation.Cancel(); } };
            Assert.That(() => trainer.Run(cancellation.Token), Throws.InstanceOf<OperationCanceledException>().With.Message.Contains($"step {stop} of 9"));
        }

        new FusionTrainer(parts).Run(CancellationToken.None);
        Assert.That(TrainingFolder.Log(parts.Output), Is.EqualTo(TrainingFolder.Log(whole.Output)).And.Length.EqualTo(9));
        Assert.That(Weights(parts), Is.EqualTo(Weights(whole)));
        Assert.That(new FusionTrainer(parts).Run(CancellationToken.None), Is.Null, "all was done");
        Assert.That(Directory.GetDirectories(Path.Combine(parts.Output, "checkpoints")).Select(Path.GetFileName).Order(), Is.EqualTo(new[] { "step-0000008", "step-0000009" }));
    }

    [Test]
    public void KilledRunGoesOnToTheLastBit()
    {
        using var folder = new TrainingFolder();
        string[] Arguments(string output) =>
        [
            "train", "--model", folder.Model, "--data", folder.Data, "--out", folder[output], "--compute", "float32", "--lr", "0.01", "--batch", "2", "--accumulate", "2", "--steps", "120", "--save-every", "3",
        ];
        using (Process killed = Start(Arguments("killed")))
        {
            // Waits in steps that end with the process.
            bool saved = false;
            for (int step = 0; step < 60_000 && !saved && !killed.WaitForExit(1); step++)
                saved = Directory.Exists(folder["killed/checkpoints/step-0000006"]);
            bool running = !killed.HasExited;
            killed.Kill();
            killed.WaitForExit();
            Assert.That((saved, running), Is.EqualTo((true, true)), "the run must be killed at work");
        }

        foreach (string output in new[] { "killed", "whole" })
        {
            using StringWriter text = new(), errors = new();
            Assert.That(Program.Run(Arguments(output), text, errors), Is.Zero, errors.ToString());
        }

        Assert.That(TrainingFolder.Log(folder["killed"]), Is.EqualTo(TrainingFolder.Log(folder["whole"])).And.Length.EqualTo(120));
        Assert.That(File.ReadAllBytes(folder["killed/model/model.safetensors"]).AsSpan().SequenceEqual(File.ReadAllBytes(folder["whole/model/model.safetensors"])));
    }

    [Test]
    public void AccumulationDoesNotChangeTheLoss()
    {
        using var folder = new TrainingFolder();
        StepRecord[] Run(string output, int batch, int accumulation)
        {
            var records = new List<StepRecord>();
            new FusionTrainer(folder.Options(output) with { Batch = batch, Accumulation = accumulation, MaxSteps = 3 }) { Progress = records.Add }.Run(CancellationToken.None);
            return [.. records];
        }

        StepRecord[] together = Run("a", 12, 1), apart = Run("b", 1, 12);
        for (int step = 0; step < 3; step++)
        {
            Assert.That(apart[step].Loss, Is.EqualTo(together[step].Loss).Within(1e-4 * together[step].Loss), "means are over the step, not over the micro-batches");
            Assert.That(apart[step].GradientNorm, Is.EqualTo(together[step].GradientNorm).Within(1e-3 * together[step].GradientNorm));
        }
    }

    [Test]
    public void LossThatIsNoNumberStopsAndNamesTheDocuments()
    {
        using var folder = new TrainingFolder();
        TrainingOptions options = folder.Options("run") with { Batch = 1, Accumulation = 1, LearningRate = 1e30, SaveEvery = 1 };
        AlignmentDataException error = Assert.Throws<AlignmentDataException>(() => new FusionTrainer(options).Run(CancellationToken.None))!;
        int second = new DataOrder(12, 9, options.Seed).Take(1, 1)[0];
        Assert.That(error.Message, Does.Match("the (loss|gradient) of step 2 is not").And.Contain($"doc{second}.0"));
        Assert.That(Directory.GetDirectories(options.Output, "*", SearchOption.AllDirectories).Select(Path.GetFileName), Has.Member("step-0000001").And.No.Member("model"));
    }

    [Test]
    public void DamagedRowNamesItsDocuments()
    {
        using var folder = new TrainingFolder(change: static (i, s) =>
        {
            if (i == 5)
                s.Rows.Masses[0] = float.NaN;
            return s;
        });
        Assert.That(() => new FusionTrainer(folder.Options("run")).Run(CancellationToken.None), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("doc5.0").And.Message.Contains("NaN"));
    }

    [Test]
    public void FullDiskLeavesTheLastCheckpointWhole()
    {
        using var folder = new TrainingFolder();
        using CausalModel model = ModelFiles.Load(folder.Model, ScalarType.Float32);
        using TrainableWeights weights = TrainableWeights.Of(model, ScalarType.Float32, CPU);
        using var optimiser = new AdamW(weights, folder.Options("run"));
        TrainingState state = new() { Step = 1, Steps = 9, Sequences = 4, Seed = 1, Generator = "", Threads = 1, Recipe = "", Data = "", Layout = TrainingState.LayoutOf(weights) };
        new TrainingCheckpoints(folder["run"], weights, optimiser, null).Save(state, 2);
        var full = new TrainingCheckpoints(folder["run"], weights, optimiser, null, static _ => throw new IOException("no space left on device"));
        Assert.That(() => full.Save(state with { Step = 2 }, 1), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("no space left"));
        Assert.That(Directory.GetFileSystemEntries(folder["run/checkpoints"]).Select(Path.GetFileName), Is.EqualTo(new[] { "step-0000001" }));
        Assert.That(new TrainingCheckpoints(folder["run"], weights, optimiser, null).LoadNewest(), Is.EqualTo(state));
    }

    [Test]
    public void DamagedCheckpointIsNotedAndTheOneBeforeIsTaken()
    {
        using var folder = new TrainingFolder();
        TrainingOptions options = folder.Options("run");
        new FusionTrainer(options).Run(CancellationToken.None);
        string[] whole = TrainingFolder.Log(options.Output);
        string newest = Path.Combine(options.Output, "checkpoints", "step-0000009", "trainer.safetensors");
        File.WriteAllBytes(newest, File.ReadAllBytes(newest)[..1000]);
        var notices = new List<string>();
        new FusionTrainer(options) { Notice = notices.Add }.Run(CancellationToken.None);
        Assert.That(notices, Has.Some.Contains("step-0000009").And.Some.Contains("damaged"));
        Assert.That(TrainingFolder.Log(options.Output), Is.EqualTo(whole), "three steps were repeated");
    }

    [Test]
    public void ModelThatIsNotThereLeavesNoFolder()
    {
        using var folder = new TrainingFolder();
        TrainingOptions options = folder.Options("run") with { Model = folder["nothing"] };
        Assert.That(() => new FusionTrainer(options).Run(CancellationToken.None), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("no such folder"));
        Assert.That(Directory.Exists(options.Output), Is.False);
    }

    [Test]
    public void OtherOptionsInTheSameFolderAreRefused()
    {
        using var folder = new TrainingFolder();
        TrainingOptions options = folder.Options("run") with { MaxSteps = 2 };
        new FusionTrainer(options).Run(CancellationToken.None);
        Assert.That(() => new FusionTrainer(options with { LearningRate = 0.02 }).Run(CancellationToken.None), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("lr 0.01"));
        Assert.That(() => new FusionTrainer(options with { LoraRank = 2 }).Run(CancellationToken.None), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("another model"));
    }

    [Test]
    public void TokenBeyondTheModelNamesItsDocuments()
    {
        using var folder = new TrainingFolder(change: static (i, s) =>
        {
            if (i == 7)
                s.Ids[3] = TrainingFolder.Vocabulary;
            return s;
        });
        Assert.That(() => new FusionTrainer(folder.Options("run")).Run(CancellationToken.None), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("doc7.").And.Message.Contains("40"));
    }

    [Test]
    public void AdaptersAreMergedIntoTheModel()
    {
        using var folder = new TrainingFolder();
        TrainingOptions options = folder.Options("run") with { LoraRank = 3, LoraAlpha = 6 };
        StepRecord last = new FusionTrainer(options).Run(CancellationToken.None)!;
        Assert.That(File.Exists(Path.Combine(options.Output, "adapter", "adapter_model.safetensors")));
        // A step at rate 0 tells the loss of the merged model; the run's own last loss was taken before its last step.
        TrainingOptions again = folder.Options("again") with { Model = Path.Combine(options.Output, "model"), LearningRate = 1e-12, MaxSteps = 9 };
        StepRecord merged = new FusionTrainer(again).Run(CancellationToken.None)!;
        Assert.That(merged.Loss, Is.LessThan(last.Loss + 0.05));
        using CausalModel before = ModelFiles.Load(folder.Model, ScalarType.Float32), after = ModelFiles.Load(again.Model, ScalarType.Float32);
        Assert.That((before.Weights[before.EmbeddingName] - after.Weights[after.EmbeddingName]).abs().max().item<float>(), Is.Zero);
        string map = before.LinearNames.First();
        Assert.That((before.Weights[map] - after.Weights[map]).abs().max().item<float>(), Is.Positive);
    }

    [Test]
    public void StepsLeaveNoTensorsBehind() => AssertNoGrowth(steps: 60);

    [Test, Category("Long")]
    public void AThousandStepsDoNotGrow()
    {
        long before = 0;
        AssertNoGrowth(steps: 1000, record =>
        {
            if (record.Step == 200)
                before = Process.GetCurrentProcess().WorkingSet64;
        });
        Assert.That(Process.GetCurrentProcess().WorkingSet64 - before, Is.LessThan(40_000_000));
    }

    private static void AssertNoGrowth(int steps, Action<StepRecord>? watch = null)
    {
        using var folder = new TrainingFolder();
        var live = new List<long>();
        var trainer = new FusionTrainer(folder.Options("run") with { MaxSteps = steps, SaveEvery = 10_000 })
        {
            Progress = record =>
            {
                live.Add(DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
                watch?.Invoke(record);
            },
        };
        trainer.Run(CancellationToken.None);
        Assert.That(live.Skip(3).Distinct().Count(), Is.EqualTo(1), $"live tensors by step: {string.Join(' ', live.Take(20))}");
    }

    private static float[] Weights(TrainingOptions options)
    {
        using CausalModel model = ModelFiles.Load(Path.Combine(options.Output, "model"), ScalarType.Float32);
        return [.. model.Weights.Names.SelectMany(n => model.Weights[n].data<float>().ToArray())];
    }

    private static PackedSequence SequenceOf(JsonElement json)
    {
        int[] Integers(string name) => [.. json.GetProperty(name).EnumerateArray().Select(static v => v.GetInt32())];
        int[] segments = Integers("segments"), labels = [.. Integers("labels").Select(static l => l < 0 ? FusionRows.NoLabel : l)];
        JsonElement[] rows = [.. json.GetProperty("rows").EnumerateArray()];
        int[][] ids = [.. rows.Select(static r => r.GetProperty("ids").EnumerateArray().Select(static v => v.GetInt32()).ToArray())];
        int[] offsets = new int[rows.Length + 1];
        for (int t = 0; t < rows.Length; t++)
            offsets[t + 1] = offsets[t] + ids[t].Length;
        return new PackedSequence(Integers("ids"), segments, [.. Enumerable.Range(0, segments[^1] + 1).Select(static s => $"document {s}")], new FusionRows
        {
            Labels = labels,
            Offsets = offsets,
            Ids = [.. ids.SelectMany(static i => i)],
            Masses = [.. rows.SelectMany(static r => r.GetProperty("masses").EnumerateArray().Select(static v => v.GetSingle()))],
            Missing = [.. rows.Select(static r => r.GetProperty("missing").GetSingle())],
        }, Reward: 0);
    }

    private static string GoldenFile(string name) => Repository.PathOf(Path.Combine("tests", "golden", name));

    private static Process Start(string[] arguments)
    {
        Process process = PtaProcess.Start(arguments);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }
}
