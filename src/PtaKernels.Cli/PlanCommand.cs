using System.CommandLine;
using PtaKernels.Cli.Planning;
using PtaKernels.Cli.Stores;
using PtaKernels.Corpus;
using PtaKernels.Pipeline.Planning;
using PtaKernels.Text;

namespace PtaKernels.Cli;

/// <summary><c>pta plan</c>: what a fusion will take and teach, before the money is spent.</summary>
internal static class PlanCommand
{
    public static Command Create()
    {
        var defaults = new PlanRequest { Preset = AlignmentPreset.Default, Options = AlignmentPreset.Named(AlignmentPreset.Default), Machines = new PlanMachines(1, Environment.ProcessorCount, 0) };
        var common = new CommonOptions();
        var target = new Option<string?>("--target") { Description = $"the target's documents, of which a sample is aligned: {DocumentFiles.Formats}", HelpName = "path" };
        var targetVocabulary = new Option<string?>("--target-vocab") { Description = "the target's vocabulary; with --documents its tokenizer: " + VocabularyFile.Formats, HelpName = "file" };
        var sources = new Option<string[]>("--source") { Description = "a source's documents, the same ones in the same order and form; repeat for several sources", HelpName = "path" };
        var sourceVocabularies = new Option<string[]>("--source-vocab") { Description = "each source's vocabulary, in the same order", HelpName = "file" };
        var documents = new Option<string?>("--documents") { Description = "a corpus of texts, of which a sample is split: " + TextDocument.Formats, HelpName = "path" };
        var tokens = new Option<string[]>("--tokens") { Description = "target tokens to plan for, as 20M, 1G or 1.5T; repeat for several, or list them with commas; default: those of the corpus", HelpName = "amount" };
        var sample = ValueOption.Number("--sample", "share of the documents that is looked at, drawn at random", defaults.Sample);
        var seed = new Option<long>("--seed") { Description = "which random sample", HelpName = "N", DefaultValueFactory = _ => defaults.Seed };
        var most = ValueOption.Count("--sample-documents", "documents of the sample at most", defaults.Most);
        var rounds = ValueOption.Count("--rounds", "how often the sample is timed", defaults.Rounds);
        var nodes = ValueOption.Count("--nodes", "machines to plan for", defaults.Machines.Nodes);
        var cores = new Option<int>("--cores") { Description = "cores of each, as the system counts them; default: as many as here", HelpName = "N", DefaultValueFactory = _ => defaults.Machines.Cores };
        var gpus = ValueOption.Count("--gpus", "devices of each", defaults.Machines.Gpus);
        var device = new Option<string?>("--device") { Description = $"what the devices are, for the rate that their maker states [{string.Join(" | ", DeviceKinds.Names)}]", HelpName = "name" };
        var deviceFlops = new Option<string?>("--device-flops") { Description = "floating-point operations per second of a device, as 400T, instead of what its maker states", HelpName = "rate" };
        var utilisation = ValueOption.Number("--utilisation", "share of a device's or processor's rate that a model reaches: assumed", defaults.Utilisation);
        var targetModel = new Option<string?>("--target-model") { Description = "the target's model: a folder with config.json, or a number of weights as 350M or 7G", HelpName = "model" };
        var sourceModels = new Option<string[]>("--source-model") { Description = "each source's model, in the same order", HelpName = "model" };
        var topK = ValueOption.Count("--top-k", "candidates per position of a capture", defaults.K);
        var length = ValueOption.Count("--length", "positions of a piece and of a packed sequence", defaults.Length);
        var epochs = ValueOption.Number("--epochs", "passes of the training over the packed sequences", defaults.Epochs);
        var checkpointing = ValueOption.OneOf("--activations", "recompute: training keeps only the inputs of layers, and computes the rest again; keep: faster, more memory", "recompute", "keep");
        var compute = ValueOption.OneOf("--compute", "type of weights and activations in training", "bfloat16", "float32");
        var rates = new Option<string[]>("--rates") { Description = "results of scripts/corpus-bench or of `pta bench --json`, whose rates are taken instead of those measured here; repeat for several", HelpName = "file" };
        var readme = new Option<string?>("--readme") { Description = "also write the forecasts into this file, between <!-- plan:begin --> and <!-- plan:end -->", HelpName = "file" };
        var verb = new Verb(
            "plan", "Predict disk, hours and coverage of a fusion, with intervals, from a sample that is aligned for real. Device hours are never measured, only assumed.",
            "pta plan --target target.store --target-vocab tokenizer.json --source teacher.store --source-vocab teacher.model --tokens 1G,1T --nodes 4 --cores 64",
            "pta plan --documents corpus.jsonl.gz --target-vocab student/ --source-vocab teacher/ --target-model student/ --source-model 7G --gpus 8 --device h100 --utilisation 0.4",
            "pta plan --tokens 1T --rates perf/results/MACHINE/DATE-corpus.json --nodes 16 --cores 128 --json")
        {
            target, targetVocabulary, sources, sourceVocabularies, documents, tokens, sample, seed, most, rounds, nodes, cores, gpus, device, deviceFlops, utilisation,
            targetModel, sourceModels, topK, length, epochs, checkpointing, compute, rates, readme, common.Backend, common.Json,
        };
        var store = new StoreOptionSet();
        store.AddTo(verb);
        common.AddSwitches(verb);
        var embeddings = new EmbeddingsOption();
        embeddings.AddTo(verb);
        verb.SetAction((parse, cancellation) => Task.Run(() =>
        {
            var terminal = Terminal.Of(parse);
            AlignmentOptions options = common.OptionsOf(parse);
            var request = new PlanRequest
            {
                Target = parse.GetValue(target),
                TargetVocabulary = parse.GetValue(targetVocabulary),
                Sources = parse.GetValue(sources) ?? [],
                SourceVocabularies = parse.GetValue(sourceVocabularies) ?? [],
                Texts = parse.GetValue(documents),
                Tokens = [.. (parse.GetValue(tokens) ?? []).SelectMany(static t => t.Split(',')).Select(static t => TokenAmount.Parse(t, "--tokens"))],
                Sample = parse.GetValue(sample),
                Seed = parse.GetValue(seed),
                Most = parse.GetValue(most),
                Rounds = parse.GetValue(rounds),
                Preset = parse.GetValue(common.Preset)!,
                Options = options,
                Embeddings = parse.GetValue(target) is null ? [] : embeddings.Of(parse, options.Cost, (parse.GetValue(sources) ?? []).Length),
                Store = store.Of(parse),
                Machines = new PlanMachines(parse.GetValue(nodes), parse.GetValue(cores), parse.GetValue(gpus)),
                Device = parse.GetValue(device),
                DeviceFlops = parse.GetValue(deviceFlops) is { } flops ? TokenAmount.Parse(flops, "--device-flops") : null,
                Utilisation = parse.GetValue(utilisation),
                TargetModel = parse.GetValue(targetModel),
                SourceModels = parse.GetValue(sourceModels) ?? [],
                K = parse.GetValue(topK),
                Length = parse.GetValue(length),
                Epochs = parse.GetValue(epochs),
                Checkpointing = parse.GetValue(checkpointing) == "recompute",
                Compute = ValueOption.TypeOf(parse.GetValue(compute)!),
                Rates = parse.GetValue(rates) ?? [],
            };
            Plan plan = new PlanRun(request, () => common.OpenBackend(parse), terminal.Notice).Run(RuleNames.Of, cancellation);
            if (parse.GetValue(readme) is { } file)
                new ReadmeBlock("plan").Rewrite(file, () => PlanMarkdown.Of(plan));
            if (parse.GetValue(common.Json))
                terminal.WriteJson(plan);
            else
                PlanTable.Print(plan, terminal);
            if (plan.Warning is { } warning)
                terminal.Errors.WriteLine("warning: " + warning);
            return 0;
        }, cancellation));
        return verb;
    }
}
