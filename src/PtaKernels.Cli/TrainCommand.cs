using System.CommandLine;
using System.Globalization;
using PtaKernels.Training;

namespace PtaKernels.Cli;

/// <summary><c>pta train</c>: a student on packed documents, next tokens and fused distributions together.</summary>
internal static class TrainCommand
{
    public static Command Create()
    {
        var model = new Option<string>("--model") { Description = "the student: a folder with config.json and safetensors (Llama, Mistral, Qwen2, MPT, GPT-NeoX)", HelpName = "folder", Required = true };
        var data = new Option<string>("--data") { Description = "packed documents of pta pack", HelpName = "folder", Required = true };
        var output = new Option<string>("--out") { Description = "checkpoints, logs and the trained model; the same command goes on where it was stopped", HelpName = "folder", Required = true };
        var preset = ValueOption.OneOf("--preset", "whose loss weight is taken where --loss-weight gives none", [AlignmentPreset.Default, .. AlignmentPreset.Names.Where(static n => n != AlignmentPreset.Default)]);
        var weight = new Option<double?>("--loss-weight") { Description = "w of w * next-token loss + (1 - w) * fusion loss; default: the preset's", HelpName = "x" };
        var schedule = ValueOption.OneOf("--weight-schedule", "w stays, rises to 1, or is 1 - each sequence's reward", "hard", "decay", "soft");
        var divergence = ValueOption.OneOf("--loss", "the fusion loss", "ce", "kl");
        var function = ValueOption.OneOf("--function", "official blocks only: whose distribution is taught", "mince", "avgce");
        var withBase = ValueOption.OneOf("--with-base", "official blocks only: whether the student's own first distribution takes part", "on", "off");
        var temperature = ValueOption.Number("--temperature", "official blocks only: divides the teachers' logits", 1);
        var rate = ValueOption.Number("--lr", "highest learning rate; cosine after the warm-up", 1e-5);
        var warmUp = ValueOption.Number("--warm-up", "share of the steps in which the rate rises", 0.008);
        var decay = ValueOption.Number("--weight-decay", "AdamW's decay of matrices", 0.1);
        var clip = ValueOption.Number("--clip", "largest norm of the gradient, 0 for none", 1);
        var batch = ValueOption.Count("--batch", "sequences that go through the model together", 1);
        var accumulate = ValueOption.Count("--accumulate", "such batches per optimiser step", 16);
        var epochs = ValueOption.Number("--epochs", "passes over the data", 1);
        var steps = ValueOption.Count("--steps", "optimiser steps, instead of --epochs", 0);
        var compute = ValueOption.OneOf("--compute", "type of weights and activations; masters are float32 always", "bfloat16", "float32");
        var checkpointing = ValueOption.OneOf("--activations", "recompute: keep only the layers' inputs, and compute the rest again; keep: faster, more memory", "recompute", "keep");
        var lora = ValueOption.Count("--lora", "rank of low-rank adapters, 0 trains all weights", 0);
        var loraAlpha = ValueOption.Number("--lora-alpha", "adapters are scaled by alpha / rank", 16);
        var seed = ValueOption.Count("--seed", "order of the data, first values of adapters", 42);
        var saveEvery = ValueOption.Count("--save-every", "steps between checkpoints", 500);
        var keep = ValueOption.Count("--keep", "checkpoints kept", 2);
        var device = new Option<string>("--device") { Description = "cpu, cuda or cuda:N; one device, there is no distributed training", HelpName = "name", DefaultValueFactory = static _ => "cpu" };
        var verb = new Verb(
            "train", "Train a student on packed documents: w * next-token loss + (1 - w) * fusion loss. One device; stops and goes on at any step.",
            "pta train --model student/ --data packed/ --out run/ --steps 1000 --lr 2e-5",
            "pta train --model student/ --data packed/ --out run/ --lora 16 --compute float32",
            "PTAKERNELS_LIBTORCH=/opt/torch/lib pta train --model student/ --data packed/ --out run/ --device cuda")
        {
            model, data, output, preset, weight, schedule, divergence, function, withBase, temperature, rate, warmUp, decay, clip, batch, accumulate, epochs, steps, compute, checkpointing, lora, loraAlpha, seed, saveEvery, keep, device,
        };
        verb.TimeToStop = TimeSpan.FromMinutes(10); // the step at work, and its checkpoint

        verb.SetAction((parse, cancellation) => Task.Run(() =>
        {
            var terminal = Terminal.Of(parse);
            var options = new TrainingOptions
            {
                Model = parse.GetValue(model)!,
                Data = parse.GetValue(data)!,
                Output = parse.GetValue(output)!,
                Weight = parse.GetValue(weight) ?? AlignmentPreset.Named(parse.GetValue(preset)!).LossWeight,
                WeightSchedule = parse.GetValue(schedule) switch { "hard" => WeightSchedule.Hard, "decay" => WeightSchedule.HardAndDecay, _ => WeightSchedule.Soft },
                Divergence = parse.GetValue(divergence) == "ce" ? FusionDivergence.CrossEntropy : FusionDivergence.KullbackLeibler,
                Official = new OfficialFusion(
                    parse.GetValue(function) == "mince" ? OfficialFunction.MinCe : OfficialFunction.AvgCe, parse.GetValue(withBase) == "on", parse.GetValue(temperature)),
                LearningRate = parse.GetValue(rate),
                WarmUp = parse.GetValue(warmUp),
                WeightDecay = parse.GetValue(decay),
                Clip = parse.GetValue(clip),
                Batch = parse.GetValue(batch),
                Accumulation = parse.GetValue(accumulate),
                Epochs = parse.GetValue(epochs),
                MaxSteps = parse.GetValue(steps),
                Compute = ValueOption.TypeOf(parse.GetValue(compute)!),
                Checkpointing = parse.GetValue(checkpointing) == "recompute",
                LoraRank = parse.GetValue(lora),
                LoraAlpha = parse.GetValue(loraAlpha),
                Seed = parse.GetValue(seed),
                SaveEvery = parse.GetValue(saveEvery),
                Keep = parse.GetValue(keep),
                Device = parse.GetValue(device)!,
            };
            options.Validate();
            SetupTorchCommand.Ensure(terminal, again: false, cancellation);
            var progress = new TrainingProgress(terminal);
            var trainer = new FusionTrainer(options) { Notice = terminal.Notice, Progress = progress.Add };
            progress.Steps = trainer.Steps;
            StepRecord? last = null;
            try
            {
                progress.Run(() => last = trainer.Run(cancellation));
            }
            catch (OperationCanceledException e) when (cancellation.IsCancellationRequested)
            {
                terminal.Errors.WriteLine($"pta: {e.Message}");
                return Program.Cancelled;
            }

            terminal.Output.WriteLine(last is null
                ? $"All {trainer.Steps} steps had been done: {trainer.ModelFolder}"
                : string.Create(CultureInfo.InvariantCulture, $"Step {last.Step} of {trainer.Steps}: loss {last.Loss:F4}. The model: {trainer.ModelFolder}"));
            return 0;
        }, cancellation));
        return verb;
    }
}
