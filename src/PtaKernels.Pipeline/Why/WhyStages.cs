namespace PtaKernels.Pipeline;

/// <summary>The work behind a question, stage by stage, with the run's settings; what is finished is not done again.</summary>
/// <param name="run">The run.</param>
/// <param name="folder">Where everything goes.</param>
/// <param name="progress">Is told what happens.</param>
/// <param name="cancellation">Stops.</param>
internal sealed class WhyStages(FinishedRun run, string folder, IFuseProgress progress, CancellationToken cancellation)
{
    private readonly StageRunner _stages = new(Path.Combine(folder, FuseRun.StagesName), progress);

    /// <summary>Cuts a text as the run's own was cut.</summary>
    /// <returns>The file of pieces.</returns>
    public string Split(string documents)
    {
        string path = Path.Combine(folder, "split.jsonl.gz");
        FuseModel[] models = [.. run.Sources.Prepend(run.Target)];
        string key = StageRecords.KeyOf(StageRecords.Fingerprint(documents), run.Config.Split, models.Select(static m => StageRecords.Fingerprint(m.TokenizerPath, weights: false)));
        _stages.Run("split", "bytes", key, [path], report => StageWork.Split(run.Config, documents, models, path, report, cancellation), static done => done.InWords());
        return path;
    }

    /// <summary>Captures the target and a student's sources, as the run captured its own text.</summary>
    /// <returns>The folders, the target's first.</returns>
    public string[] CaptureModels(Student student, string pieces) =>
        [.. run.TeachersOf(student).Prepend(run.Target).Select(m => Capture($"models {m.Name}", m.Folder, m, run.Config.Capture.TopK, m.Temperature, pieces))];

    /// <summary>Captures what a model with the target's tokenizer needs for every token; of candidates only the least.</summary>
    /// <returns>The folder.</returns>
    public string CaptureLosses(string name, string model, string pieces) => Capture($"losses {name}", model, run.Target, 1, 1, pieces);

    private string Capture(string name, string model, FuseModel like, int topK, double temperature, string pieces)
    {
        FuseConfig config = run.Config;
        string path = Path.Combine(folder, name.Replace(' ', Path.DirectorySeparatorChar));
        string key = StageRecords.KeyOf(
            StageRecords.Fingerprint(pieces), StageRecords.Fingerprint(model), like.Encoder.Vocabulary.Fingerprint, topK, temperature, config.Capture.BatchTokens, config.Capture.Compute, config.Split.Length, config.Device);
        _stages.Run(
            $"capture {name}", "tokens", key, [path], report => StageWork.Capture(config, model, like, topK, temperature, pieces, path, progress.Notice, report, cancellation), static done => done.InWords());
        return path;
    }
}
