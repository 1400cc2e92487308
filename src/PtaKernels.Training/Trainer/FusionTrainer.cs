using System.Diagnostics;
using System.Globalization;
using static TorchSharp.torch;

namespace PtaKernels.Training;

/// <summary>Trains a student on packed documents: next tokens and fused distributions together (SPEC A3.6), on one device.</summary>
/// <remarks>
/// A run is decided by its options, data and seed. It goes on from the newest checkpoint in the output folder, if there is one, and then gives the losses that it would have given
/// undisturbed, on a CPU with the same number of threads to the last bit.
/// </remarks>
public sealed class FusionTrainer
{
    private readonly TrainingOptions _options;
    private readonly PackedDataset _data;
    private readonly Device _device;

    /// <summary>Loads libtorch and opens the data.</summary>
    /// <param name="options">The run.</param>
    /// <exception cref="ArgumentException">An option has no meaning, or the device is not there.</exception>
    /// <exception cref="AlignmentDataException">The data cannot be read.</exception>
    public FusionTrainer(TrainingOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        TorchRuntime.Load();
        _options = options;
        _device = TorchRuntime.OpenDevice(options.Device);
        _data = PackedDataset.Open(options.Data, fusion: options.Official);
        long sequences = options.MaxSteps > 0 ? (long)options.MaxSteps * options.SequencesPerStep : (long)Math.Ceiling(options.Epochs * _data.Count);
        Sequences = sequences;
        Steps = checked((int)((sequences + options.SequencesPerStep - 1) / options.SequencesPerStep));
    }

    /// <summary>Optimiser steps of the whole run.</summary>
    public int Steps { get; }

    /// <summary>Sequences that the whole run takes.</summary>
    public long Sequences { get; }

    /// <summary>Told what each step did.</summary>
    public Action<StepRecord>? Progress { get; init; }

    /// <summary>Told, in a sentence, what a user should know.</summary>
    public Action<string>? Notice { get; init; }

    /// <summary>Where the trained model goes.</summary>
    public string ModelFolder => Path.Combine(_options.Output, "model");

    /// <summary>The run's log: a line of JSON per step.</summary>
    public string LogPath => Path.Combine(_options.Output, TrainingLog.FileName);

    /// <summary>Trains to the end, or until it is stopped, which saves a checkpoint first.</summary>
    /// <param name="cancellation">Stops after the step at work.</param>
    /// <returns>The last step's record; null if an earlier run had done all.</returns>
    /// <exception cref="OperationCanceledException">Stopped; a checkpoint was saved.</exception>
    /// <exception cref="AlignmentDataException">A loss is not finite, or files are damaged: one sentence.</exception>
    public StepRecord? Run(CancellationToken cancellation)
    {
        using CausalModel model = ModelFiles.Load(_options.Model, _options.Compute, _device, Notice);
        using TrainableWeights weights = _options.LoraRank > 0
            ? TrainableWeights.OfAdapters(model, _options.LoraRank, _options.LoraAlpha, _options.Seed, _options.Compute, _device)
            : TrainableWeights.Of(model, _options.Compute, _device);
        using var optimiser = new AdamW(weights, _options);
        var checkpoints = new TrainingCheckpoints(_options.Output, weights, optimiser, Notice);
        TrainingState state = checkpoints.LoadNewest() is { } saved ? Accept(saved, weights) : Start(weights);
        var micro = new MicroBatch(model, weights, _options);
        var order = new DataOrder(_data.Count, Sequences, _options.Seed);
        StepRecord? last = null;
        Directory.CreateDirectory(_options.Output);
        using (var log = new TrainingLog(_options.Output, state.Step))
        {
            while (state.Step < Steps)
            {
                last = Step(state.Step, order, micro, weights, optimiser, model.Config.Vocabulary);
                log.Add(last);
                Progress?.Invoke(last);
                state = state with { Step = state.Step + 1, Sequences = Math.Min(Sequences, (long)(state.Step + 1) * _options.SequencesPerStep) };
                bool stop = cancellation.IsCancellationRequested;
                if (stop || state.Step == Steps || state.Step % _options.SaveEvery == 0)
                    checkpoints.Save(state with { Generator = GeneratorState() }, _options.Keep);
                if (stop && state.Step < Steps)
                    throw new OperationCanceledException($"stopped after step {state.Step} of {Steps}; the same command goes on from there.", cancellation);
            }
        }

        if (last is not null || !File.Exists(Path.Combine(ModelFolder, ModelFiles.ConfigName)))
            TrainedModel.Save(model, weights, ModelFolder, _options);
        return last;
    }

    private StepRecord Step(int step, DataOrder order, MicroBatch micro, TrainableWeights weights, AdamW optimiser, int vocabulary)
    {
        var clock = Stopwatch.StartNew();
        int[] indices = order.Take((long)step * _options.SequencesPerStep, _options.SequencesPerStep);
        PackedSequence[] sequences = [.. indices.Select(i => _data[i])];
        long labels = sequences.Sum(static s => (long)s.Rows.Labelled), taught = sequences.Sum(static s => (long)s.Rows.Taught);
        var weight = LossWeights.At(_options.WeightSchedule, _options.Weight, step, Steps, sequences[0].Reward);
        (double nextTokenScale, double fusionScale) = weight.ScalesOf(labels, taught);
        double nextToken = 0, fusion = 0;
        weights.Clear();
        for (int start = 0; start < sequences.Length; start += _options.Batch)
        {
            PackedSequence[] part = sequences[start..Math.Min(start + _options.Batch, sequences.Length)];
            Check(part, vocabulary);
            using TrainingBatch batch = TrainingBatch.Of(part, _device);
            LossSums sums = micro.Run(batch, nextTokenScale, fusionScale);
            if (!double.IsFinite(sums.NextToken + sums.Fusion))
                throw NotFinite(step, "the loss", part);
            nextToken += sums.NextToken;
            fusion += sums.Fusion;
        }

        double rate = LearningRate.At(step, Steps, _options.LearningRate, _options.WarmUp);
        double norm = optimiser.Step(step, rate);
        if (!double.IsFinite(norm))
            throw NotFinite(step, "the gradient", sequences);
        double seconds = clock.Elapsed.TotalSeconds;
        return new StepRecord(
            step + 1, (double)Math.Min(Sequences, (long)(step + 1) * _options.SequencesPerStep) / _data.Count,
            (nextTokenScale * nextToken) + (fusionScale * fusion), labels == 0 ? 0 : nextToken / labels, taught == 0 ? null : fusion / taught,
            taught == 0 ? 1 : weight.NextToken, rate, norm, sequences.Sum(static s => s.Ids.Length), seconds, Environment.WorkingSet / 1e6);
    }

    private void Check(PackedSequence[] sequences, int vocabulary)
    {
        foreach (PackedSequence sequence in sequences)
        {
            int highest = sequence.Ids.Max();
            if (highest >= vocabulary)
            {
                throw new AlignmentDataException(
                    $"{_options.Data}: documents {Names([sequence])} have token {highest}, but the model in {_options.Model} has {vocabulary} tokens; data and model must share a tokenizer.");
            }

            try
            {
                sequence.Rows.Require(vocabulary);
            }
            catch (ArgumentException e)
            {
                throw new AlignmentDataException($"{_options.Data}: documents {Names([sequence])}: {e.Message} Data and model must share a tokenizer, and fused rows must be whole; pack the documents again.", e);
            }
        }
    }

    private AlignmentDataException NotFinite(int step, string what, PackedSequence[] sequences) =>
        new($"{_options.Data}: {what} of step {step + 1} is not a finite number; the step took the documents {Names(sequences)}. Look at their rows, or lower --lr; checkpoints up to the last one saved are whole.");

    private static string Names(PackedSequence[] sequences)
    {
        const int Shown = 8;
        string[] names = [.. sequences.SelectMany(static s => s.Documents).Distinct()];
        return string.Join(", ", names.Take(Shown)) + (names.Length > Shown ? $" and {names.Length - Shown} more" : "");
    }

    private TrainingState Start(TrainableWeights weights) => new()
    {
        Step = 0,
        Steps = Steps,
        Sequences = 0,
        Seed = _options.Seed,
        Generator = GeneratorState(),
        Threads = get_num_threads(),
        Recipe = Recipe(),
        Data = _data.Fingerprint,
        Layout = TrainingState.LayoutOf(weights),
    };

    private TrainingState Accept(TrainingState saved, TrainableWeights weights)
    {
        TrainingState here = Start(weights);
        if (saved.Layout != here.Layout || saved.Recipe != here.Recipe || saved.Data != here.Data || saved.Steps != here.Steps || saved.Seed != here.Seed)
        {
            string what = saved.Data != here.Data ? "other data" : saved.Layout != here.Layout ? "another model" : $"other options (it had: {saved.Recipe}; {saved.Steps} steps; seed {saved.Seed})";
            throw new AlignmentDataException($"{_options.Output}: holds a run with {what}; repeat its command to go on with it, or name another --out.");
        }

        if (saved.Threads != here.Threads)
            Notice?.Invoke($"the run so far had {saved.Threads} threads, this one has {here.Threads}; losses may differ in the last digits.");
        using Tensor generator = tensor(Convert.FromBase64String(saved.Generator));
        set_rng_state(generator);
        return saved;
    }

    private string Recipe() => string.Create(CultureInfo.InvariantCulture,
        $"weight {_options.Weight} {_options.WeightSchedule}, {_options.Divergence}, {_options.Official.Function} {(_options.Official.WithBase ? "with" : "without")} base, temperature {_options.Official.Temperature}, lr {_options.LearningRate}, warm-up {_options.WarmUp}, decay {_options.WeightDecay}, betas {_options.Beta1},{_options.Beta2}, clip {_options.Clip}, batch {_options.Batch}x{_options.Accumulation}, {_options.Compute}, lora {_options.LoraRank}/{_options.LoraAlpha}");

    private static string GeneratorState()
    {
        using Tensor state = get_rng_state();
        return Convert.ToBase64String(state.bytes);
    }
}
