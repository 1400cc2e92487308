using PtaKernels.Alignment;
using PtaKernels.Corpus;
using PtaKernels.Text;
using PtaKernels.Training;

namespace PtaKernels.Pipeline;

public sealed partial class FuseRun
{
    private const string Tokens = "tokens";

    /// <summary>Fingerprint of the held-out text, which every model's evaluation asks for.</summary>
    private string? _heldOut;

    /// <summary>Fingerprint of the pieces of text, which every capture asks for once they are there.</summary>
    private string? _pieces;

    private StageRecord SplitTexts(CancellationToken cancellation)
    {
        string path = Made("split.jsonl.gz");
        string key = StageRecords.KeyOf(StageRecords.Fingerprint(Full(_config.Documents)), _config.Split, Tokenizers());
        return _stages.Run("split", "bytes", key, [path], report => StageWork.Split(_config, Full(_config.Documents), Sources.Prepend(Target), path, report, cancellation), static done => done.InWords());

        string[] Tokenizers() => [.. Sources.Prepend(Target).Select(static m => StageRecords.Fingerprint(m.TokenizerPath, weights: false))];
    }

    private StageRecord Map(FuseModel source, CancellationToken cancellation)
    {
        string path = Made("maps", source.Name + ".json");
        string key = StageRecords.KeyOf(source.Encoder.Vocabulary.Fingerprint, Target.Encoder.Vocabulary.Fingerprint, _backend.Name);
        return _stages.Run($"map {source.Name}", Tokens, key, [path], report =>
        {
            var pair = new VocabularyPair(source.Encoder.Vocabulary, Target.Encoder.Vocabulary);
            VocabularyMap map = pair.Official.Map;
            map.ResolveAll(_backend, done => report(done, (double)done / map.Count), cancellation);
            using var file = new AtomicFile(path, replace: true);
            OfficialMapping.Write(file.Stream, pair, map);
            file.Commit();
            int exact = Enumerable.Range(0, map.Count).Count(id => map[id] != VocabularyMap.None && map.DistanceOf(id) == 0);
            return new MapOutcome(map.Count, exact);
        }, static done => $"{done.Tokens} tokens, {100.0 * done.Exact / done.Tokens:F1} % are tokens of the target");
    }

    private StageRecord Capture(FuseModel model, CancellationToken cancellation)
    {
        string path = Made("captured", model.Name);
        // By what the split made, not by what it was made from: another source seldom cuts otherwise.
        string key = StageRecords.KeyOf(_pieces ??= StageRecords.Fingerprint(Made("split.jsonl.gz")), model.Key, model.Temperature, _config.Capture, _config.Split.Length, _config.Device);
        return _stages.Run(
            $"capture {model.Name}", Tokens, key, [path],
            report => StageWork.Capture(_config, model.Folder, model, _config.Capture.TopK, model.Temperature, Made("split.jsonl.gz"), path, _progress.Notice, report, cancellation),
            static done => done.InWords());
    }

    private StageRecord Align(Student student, StageRecord target, StageRecord[] sources, StageRecord[] maps, StageRecord?[] embeddings, CancellationToken cancellation)
    {
        string path = Made("aligned", student.Name);
        string key = AlignmentKey(student, target, sources, maps, embeddings);
        return _stages.Run($"align {student.Name}", Tokens, key, [path], report =>
        {
            AlignmentSource[] all = SourcesOf(student);
            var run = new AlignmentRun
            {
                TargetDocuments = DocumentFiles.Open(Made("captured", Target.Name)),
                Target = Target.Encoder.Vocabulary,
                SourceDocuments = [.. all.Select(s => DocumentFiles.Open(Made("captured", s.Name)))],
                Sources = all,
                OutputPath = path,
                Replace = true,
                OnError = _config.OnError == "stop" ? OnError.Stop : OnError.Quarantine,
                Progress = progress => report(progress.Tokens, progress.Share),
                Notice = _progress.Notice,
            };
            AlignmentRunReport done = run.Run(_backend, student.Options, cancellation);
            if (done.Warning is { } warning)
                _progress.Notice($"{student.Name}: {warning}");
            if (done.Quarantined > 0)
                _progress.Notice($"{student.Name}: {done.Quarantined} documents are in {run.UsedQuarantine} with their reasons.");
            return AlignOutcome.Of(done);
        }, static done => $"{done.TargetTokens} tokens, {100 * done.Coverage:F1} % of the rows taught");
    }

    private StageRecord Pack(Student student, StageRecord aligned, CancellationToken cancellation)
    {
        string path = Made("packed", student.Name);
        return _stages.Run($"pack {student.Name}", Tokens, StageRecords.KeyOf(aligned.Key, _config.Train.Length, student.Official), [path], report =>
        {
            PackingReport done = new PackingRun
            {
                InputPath = Made("aligned", student.Name),
                OutputPath = path,
                Replace = true,
                Length = _config.Train.Length,
                Official = student.Official,
                Progress = report,
            }.Run(cancellation);
            return new PackOutcome(done.Sequences, done.Tokens, done.Taught);
        }, static done => $"{done.Sequences} sequences");
    }

    /// <summary>The record of a packing that this run has made or found.</summary>
    private StageRecord Packed(string student) => _stages.Find($"pack {student}")!;

    private StageRecord Train(Student student, StageRecord packed, CancellationToken cancellation)
    {
        string path = Made("training", student.Name), data = Made("packed", student.Like ?? student.Name);
        string key = StageRecords.KeyOf(packed.Key, Target.Key, _config.Train with { LearningRate = student.LearningRate ?? _config.Train.LearningRate }, student.LossWeight, _config.Seed, _config.Device);
        return _stages.Run($"train {student.Name}", Tokens, key, [path], report =>
        {
            TrainOutcome done = TrainOutcome.Train(OptionsOf(student, data, path), _progress, report, cancellation);
            CopyTokenizer(ModelOf(student.Name));
            return done;
        }, static done => $"{done.Steps} steps, {done.Tokens} tokens, last loss {done.Losses[^1].Loss:F3}");
    }

    private TrainingOptions OptionsOf(Student student, string data, string output) => new()
    {
        Model = Target.Folder,
        Data = data,
        Output = output,
        Weight = student.LossWeight,
        LearningRate = student.LearningRate ?? _config.Train.LearningRate,
        WarmUp = _config.Train.WarmUp,
        WeightDecay = _config.Train.WeightDecay,
        Clip = _config.Train.Clip,
        Batch = _config.Train.Batch,
        Accumulation = _config.Train.Accumulate,
        Epochs = _config.Train.Epochs,
        Compute = StageWork.TypeOf(_config.Train.Compute, "train.compute"),
        Checkpointing = _config.Train.Activations switch
        {
            "recompute" => true,
            "keep" => false,
            var other => throw new ArgumentException($"train.activations is '{other}'; use recompute or keep."),
        },
        LoraRank = _config.Train.Lora,
        Seed = _config.Seed,
        SaveEvery = _config.Train.SaveEvery,
        Keep = 1,
        Device = _config.Device,
    };

    private ModelScores? Evaluate(string name, string folder, FuseModel like, string modelKey, CancellationToken cancellation)
    {
        if (_config.Evaluation is not { } evaluation)
            return null;
        string path = Made("evaluation", name + ".json");
        string key = StageRecords.KeyOf(_heldOut ??= StageRecords.Fingerprint(Full(evaluation.Documents)), evaluation.DomainField, evaluation.Length, modelKey, _config.Device);
        _stages.Run($"evaluate {name}", Tokens, key, [path], report =>
        {
            DocumentScore[] scores = ModelScores.Score(Full(evaluation.Documents), evaluation.DomainField, folder, like.Encoder, evaluation.Length, _config.Device, report, _progress.Notice, cancellation);
            ModelScores.Write(path, scores);
            return new EvaluateOutcome(DomainScore.Of(scores).BitsPerByte);
        }, static done => $"{done.BitsPerByte:F4} bits per byte");
        return ModelScores.Read(path);
    }

    /// <summary>A student's checkpoint stands alone: a tokenizer from elsewhere than the target's folder goes with it.</summary>
    private void CopyTokenizer(string model)
    {
        if (Target.TokenizerPath == Target.Folder)
            return;
        foreach (string file in Directory.Exists(Target.TokenizerPath) ? Directory.GetFiles(Target.TokenizerPath) : [Target.TokenizerPath])
        {
            string copy = Path.Combine(model, Path.GetFileName(file));
            if (!File.Exists(copy) && !file.EndsWith(".safetensors", StringComparison.Ordinal) && !file.EndsWith(".safetensors.index.json", StringComparison.Ordinal))
                File.Copy(file, copy);
        }
    }

    /// <summary>Refuses settings without meaning before any stage runs.</summary>
    private void RequireSettings()
    {
        _ = StageWork.TypeOf(_config.Capture.Compute, "capture.compute");
        if (_config.Capture.TopK is < 1 or > TopKLogits.MaxK)
            throw new ArgumentException($"capture.top_k is {_config.Capture.TopK}; it must be 1..{TopKLogits.MaxK}.");
        foreach ((string setting, int value) in new[] { ("split.length", _config.Split.Length), ("train.length", _config.Train.Length), ("evaluation.length", _config.Evaluation?.Length ?? Evaluator.LeastLength) })
        {
            if (value < Evaluator.LeastLength)
                throw new ArgumentException($"{setting} is {value}; it must be at least {Evaluator.LeastLength}: a position before, and one to predict.");
        }

        int narrowest = Sources.Prepend(Target).Min(static m => m.Config.Width), most = EmbeddingTable.DirectionsOf(narrowest);
        if (_config.Embed.Dimensions is { } dimensions && (dimensions < 1 || dimensions > most))
            throw new ArgumentException($"embed.dimensions is {dimensions}; it must be 1..{most}, as the narrowest model's rows have {narrowest} numbers.");
        if (_config.OnError is not ("stop" or "quarantine"))
            throw new ArgumentException($"on_error is '{_config.OnError}'; use stop or quarantine.");
        foreach (Student student in Students)
            OptionsOf(student, "", "").Validate();
    }
}
