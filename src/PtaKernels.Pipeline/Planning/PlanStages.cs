using PtaKernels.Training;

namespace PtaKernels.Pipeline.Planning;

/// <summary>What each stage takes per target token, from what was measured, what files say and what is assumed.</summary>
internal sealed class PlanStages
{
    private const string Here = "measured here";

    /// <summary>Sequences of a step that is timed.</summary>
    private const int Accumulation = 2;

    private readonly PlanRequest _request;
    private readonly PlanMeasurements _measured;
    private readonly RatesFile[] _files;
    private readonly IReadOnlyList<ModelCost?> _models;
    private readonly List<StageCost> _costs = [];
    private readonly List<PlanAssumption> _assumptions = [];
    private readonly List<string> _leftOut = [];
    private readonly ModelRates _rates;

    private PlanStages(PlanRequest request, PlanMeasurements measured, RatesFile[] files, IReadOnlyList<ModelCost?> models)
    {
        (_request, _measured, _files, _models) = (request, measured, files, models);
        _rates = new ModelRates(request, files, Assume, _leftOut.Add);
    }

    /// <summary>The stages in order.</summary>
    public IReadOnlyList<StageCost> Costs => _costs;

    /// <summary>Every number that they rest on.</summary>
    public IReadOnlyList<PlanAssumption> Assumptions => _assumptions;

    /// <summary>Stages and columns that are not there, a sentence each.</summary>
    public IReadOnlyList<string> LeftOut => _leftOut;

    /// <summary>Puts the stages together.</summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="measured">What was measured.</param>
    /// <param name="files">Results of other measurements.</param>
    /// <param name="models">The target's model and each source's; null, or missing, where it is not known.</param>
    public static PlanStages Of(PlanRequest request, PlanMeasurements measured, RatesFile[] files, IReadOnlyList<ModelCost?> models)
    {
        var stages = new PlanStages(request, measured, files, models);
        stages.Split();
        stages.Capture();
        stages.Import();
        stages.Align();
        stages.Pack();
        stages.Train();
        return stages;
    }

    private void Split()
    {
        if (_measured.Texts is not { } texts)
        {
            _leftOut.Add("split: there are no texts to cut; give them with --documents.");
            return;
        }

        Estimate bytes = DocumentBootstrap.Ratio([.. texts.TextBytes.Select(b => b * texts.BytesPerToken * texts.Tokens[0].Sum() / texts.TextBytes.Sum())], texts.Tokens[0], _request.Seed);
        _costs.Add(new StageCost
        {
            Stage = "split", Tokens = Estimate.Exactly(1), Bytes = bytes, CoreSeconds = RateOf(texts.Timing.Processor, texts.TextBytes, texts.Tokens[0]),
            BusySeconds = RateOf([.. texts.Timing.Clock.Select(static c => c * Environment.ProcessorCount)], texts.TextBytes, texts.Tokens[0]), StartSeconds = Start(texts.Timing.Start.Plus(_measured.Program).Clock), StartCoreSeconds = Start(texts.Timing.Start.Plus(_measured.Program).Processor), From = Here,
        });
    }

    private void Capture()
    {
        for (int m = 0; m < _measured.Models.Count; m++)
        {
            PlannedModel model = _measured.Models[m];
            if ((m < _models.Count ? _models[m] : null) is not { } cost)
            {
                _leftOut.Add($"capture of {model.Name}: its model is not known; give {(m == 0 ? "--target-model" : "--source-model")}, a folder with config.json or a number of weights.");
                continue;
            }

            double operations = cost.Forward(model.Lengths ?? [_request.Length]);
            Assume($"{cost.Name}, operations per token forward", Estimate.Exactly(operations), cost.Config is null ? "assumed: twice the weights" : "counted from config.json");
            int k = _measured.Candidates ?? _request.K;
            double[] lengths = model.Lengths ?? [_request.Length];
            int length = (int)Math.Clamp(lengths.Sum(static l => l * l) / lengths.Sum(), 1, _request.Length); // where a token stands, on average
            _costs.Add(_rates.Apply(
                new StageCost { Stage = "capture", Model = model.Name, Tokens = model.TokensPerTarget, Bytes = model.TokensPerTarget.Times(CaptureBytes(k)), From = "bytes counted from columns" },
                cost, operations, length, config => StepTiming.Capture(config, length, k, _request.Rounds)));
        }
    }

    /// <summary>Bytes per token that <c>pta capture</c> writes: id, candidates and logits with an offset each, log-sum-exp, label cross-entropy, and two byte offsets with theirs.</summary>
    public static double CaptureBytes(int k) => 4 + (2 * ((4 * k) + 4)) + 8 + 4 + 12;

    private void Import()
    {
        for (int m = 0; m < _measured.Stores.Count; m++)
        {
            (PlannedModel model, StoredModel stored) = (_measured.Models[m], _measured.Stores[m]);
            double[] lengths = model.Lengths!;
            var cost = new StageCost { Stage = "import", Model = model.Name, Tokens = model.TokensPerTarget, Bytes = model.TokensPerTarget.Times(stored.BytesPerToken), From = stored.Timing is null ? "counted: the store" : Here };
            if (stored.Timing is { } timing)
            {
                cost = cost with
                {
                    CoreSeconds = RateOf(timing.Processor, lengths, lengths).Times(model.TokensPerTarget),
                    BusySeconds = RateOf([.. timing.Clock.Select(static c => c * Environment.ProcessorCount)], lengths, lengths).Times(model.TokensPerTarget),
                    StartSeconds = Start(timing.Start.Plus(_measured.Program).Clock + (_measured.Vocabularies.Clock / _measured.Models.Count)),
                    StartCoreSeconds = Start(timing.Start.Plus(_measured.Program).Processor + (_measured.Vocabularies.Processor / _measured.Models.Count)),
                };
            }

            _costs.Add(cost);
        }

        if (_measured.Stores.Count == 0)
            _leftOut.Add("import: there are no documents to import; give --target and --source.");
        else if (_measured.Stores[0].Timing is null)
            _leftOut.Add("Hours of import: the documents lie in stores already, so only their bytes are known.");
    }

    private void Align()
    {
        int sources = Math.Max(1, _measured.Models.Count - 1);
        FileRate? file = _files.Select(f => f.AlignmentOf(_request.Preset, sources)).FirstOrDefault(static r => r is not null);
        if (_files.Length > 0 && file is null)
            _leftOut.Add($"Rates of align in files: none has preset {_request.Preset} with {sources} source{(sources == 1 ? "" : "s")}.");
        if (_measured.Alignment is not { } sample)
        {
            if (file is null)
                _leftOut.Add("align: there are no documents to align, and no results of scripts/corpus-bench; give --target and --source, or --rates.");
            else
                _costs.Add(Filed(new StageCost { Stage = "align", Tokens = Estimate.Exactly(1), Bytes = file.BytesPerToken is { } bytes ? Estimate.Exactly(bytes) : null, From = file.From }, file));
            return;
        }

        double[] tokens = sample.Tokens, seconds = sample.Each(static d => d.Seconds);
        Estimate output = DocumentBootstrap.Ratio(sample.Each(static d => d.ColumnBytes.Sum()), tokens, _request.Seed).Plus(Estimate.Exactly((double)sample.OpeningBytes / _request.Store.ShardTokens));
        Lap start = sample.Timing.Start.Plus(_measured.Vocabularies).Plus(_measured.Program);
        var cost = new StageCost
        {
            Stage = "align", Tokens = Estimate.Exactly(1), Bytes = output, FixedBytes = sample.OpeningBytes, From = Here,
            CoreSeconds = RateOf(sample.Timing.Processor, seconds, tokens),
            BusySeconds = RateOf([.. sample.Timing.Clock.Select(static c => c * Environment.ProcessorCount)], seconds, tokens),
            StartSeconds = Start(start.Clock), StartCoreSeconds = Start(start.Processor), New = sample.New,
        };
        if (file is not null)
        {
            _costs.Add(Filed(cost, file));
            return;
        }

        Assume("align, tokens per second and core, all cores at work", Inverse(cost.BusySeconds!.Value), Here);
        Assume($"align, seconds of a core for what is new in {sample.New.Tokens:F0} tokens", Estimate.Exactly(sample.New.Seconds), $"{Here}: each half of the sample after the other, and again; assumed: grows as the square root of the text");
        Assume("align, seconds before a process does its work", cost.StartSeconds, $"{Here}: this program's own start, vocabularies and the first pass; assumed: from half to twice");
        _costs.Add(cost);
    }

    /// <summary>A cost whose rates come from a file, where whole processes were timed: their start and what was new to them is in it.</summary>
    private StageCost Filed(StageCost cost, FileRate file)
    {
        double[] sorted = [.. file.CoreSeconds.Order()];
        var busy = new Estimate(DocumentBootstrap.Median(sorted), sorted[0], sorted[^1]);
        Assume("align, tokens per second and core", Inverse(busy), file.From);
        return cost with { BusySeconds = busy, CoreSeconds = busy, StartSeconds = default, StartCoreSeconds = default, New = null, From = cost.From == file.From ? file.From : $"{cost.From}; rate: {file.From}" };
    }

    private void Pack()
    {
        if (_measured.Packing is not { } packing || _measured.Alignment is not { } sample)
        {
            _leftOut.Add(_request.Options.Output == OutputUnit.Official && _measured.Alignment is not null
                ? "pack: official columns are packed from an exported dataset folder, which no sample tells the size of."
                : "pack: there are no aligned documents to pack; give --target and --source.");
            return;
        }

        double[] tokens = sample.Tokens, payload = sample.Each(static d => (24.0 * d.Tokens) + (8.0 * d.Entries) + 40);
        Estimate spread = DocumentBootstrap.Ratio(payload, tokens, _request.Seed);
        Estimate clock = RateOf(packing.Timing.Clock, payload, tokens);
        _costs.Add(new StageCost
        {
            Stage = "pack", Tokens = Estimate.Exactly(1), Bytes = spread.Times(packing.BytesPerToken / spread.Value), CoreSeconds = RateOf(packing.Timing.Processor, payload, tokens),
            BusySeconds = clock, SerialSeconds = clock, StartSeconds = Start(packing.Timing.Start.Plus(_measured.Program).Clock), StartCoreSeconds = Start(packing.Timing.Start.Plus(_measured.Program).Processor), From = Here,
        });
        Assume("pack, tokens per second of a process", Inverse(clock), $"{Here}; a process on each node, whatever its cores");
    }

    private void Train()
    {
        if (_models[0] is not { } cost)
        {
            _leftOut.Add("train: the target's model is not known; give --target-model, a folder with config.json or a number of weights.");
            return;
        }

        double operations = cost.Training([_request.Length], _request.Checkpointing);
        Assume($"{cost.Name}, operations per token in training", Estimate.Exactly(operations), (cost.Config is null ? "assumed: six times the weights" : "counted from config.json") + (_request.Checkpointing ? ", and the forward pass once more for checkpointing" : ""));
        // Two checkpoints of weights and both moments in float32, and the model in bfloat16.
        double bytes = cost.Weights * ((new TrainingOptions { Model = "", Data = "", Output = "" }.Keep * 12) + 2);
        int taught = (int)Math.Ceiling(_measured.Alignment is { } aligned ? (double)aligned.Documents.Sum(static d => d.Entries) / aligned.Documents.Sum(static d => d.Tokens) : _request.K);
        _costs.Add(_rates.Apply(
            new StageCost { Stage = "train", Tokens = Estimate.Exactly(_request.Epochs), FixedBytes = bytes, IsAlone = true, From = "bytes counted from checkpoints" },
            cost, operations, Accumulation * _request.Length, config => StepTiming.Training(config, _request.Length, taught, _request.Checkpointing, _request.Compute, Accumulation, _request.Rounds)));
        if (_request.Machines.Gpus * _request.Machines.Nodes > 1)
            _leftOut.Add("Several devices for train: `pta train` runs on one, so its hours by the clock are those of one.");
    }

    private static Estimate Start(double seconds) => new(seconds, seconds / 2, seconds * 2);

    private static Estimate Inverse(Estimate seconds) => new(1 / seconds.Value, 1 / seconds.High, 1 / seconds.Low);

    private Estimate RateOf(double[] rounds, double[] seconds, double[] units) => DocumentBootstrap.Rate(rounds, seconds, units, _request.Seed);

    private void Assume(string what, Estimate value, string from) => _assumptions.Add(new PlanAssumption(what, value, from));
}
