using System.Text.Json;
using PtaKernels.Alignment;
using PtaKernels.Corpus;
using PtaKernels.Text;
using PtaKernels.Training;
using static TorchSharp.torch;

namespace PtaKernels.Pipeline;

/// <summary>What a split left.</summary>
internal sealed record SplitOutcome(long Documents, long Pieces, long Bytes)
{
    public string InWords() => $"{Documents} documents in {Pieces} pieces, {Bytes / 1e6:F2} MB";
}

/// <summary>What a map left.</summary>
internal sealed record MapOutcome(int Tokens, int Exact);

/// <summary>What an embedding left.</summary>
internal sealed record EmbedOutcome(int Dimensions, int SharedTokens, MapQuality HeldOut);

/// <summary>What a capture left.</summary>
internal sealed record CaptureOutcome(long Documents, long Tokens, double BitsPerByte)
{
    public string InWords() => $"{Tokens} tokens, {BitsPerByte:F3} bits per byte";
}

/// <summary>What a packing left.</summary>
internal sealed record PackOutcome(long Sequences, long Tokens, long Taught);

/// <summary>What an evaluation left, beside its scores.</summary>
internal sealed record EvaluateOutcome(double BitsPerByte);

/// <summary>What an alignment left.</summary>
/// <param name="Documents">Documents.</param>
/// <param name="TargetTokens">Their positions.</param>
/// <param name="Coverage">Share of the positions with a next token that have a transferred row: merged, or of the sources' mean where each keeps its own.</param>
/// <param name="GoldTop1">Share of these rows whose most probable token is the next one.</param>
/// <param name="TargetTop1">The target's own share on the same rows.</param>
/// <param name="GoldProbability">Mean probability that these rows give the next token.</param>
/// <param name="SignalKept">Teacher signal kept, of the rows of all sources (SPEC A3.4).</param>
internal sealed record AlignOutcome(long Documents, long TargetTokens, double Coverage, double GoldTop1, double TargetTop1, double GoldProbability, double? SignalKept)
{
    public static AlignOutcome Of(AlignmentRunReport report)
    {
        GoldStatistics gold = report.OverallGold;
        bool merged = report.MergedGold.Rows > 0;
        double positions = Math.Max(1, (report.TargetTokens - report.Documents) * (merged ? 1.0 : report.Sources.Length)), rows = Math.Max(1, gold.Rows);
        double signal = report.Sources.Sum(static s => s.SignalKept);
        long signalRows = report.Sources.Sum(static s => s.SignalRows);
        return new AlignOutcome(
            report.Documents, report.TargetTokens, gold.Rows / positions, gold.FusedHits / rows, gold.TargetHits / rows, gold.FusedProbability / rows, signalRows == 0 ? null : signal / signalRows);
    }
}

/// <summary>What a training left.</summary>
/// <param name="Steps">Optimiser steps.</param>
/// <param name="Tokens">Positions that went through the model.</param>
/// <param name="Losses">Losses by step.</param>
internal sealed record TrainOutcome(int Steps, long Tokens, LossPoint[] Losses)
{
    /// <summary>Trains as a stage, to the end; goes on from the last checkpoint.</summary>
    public static TrainOutcome Train(TrainingOptions options, IFuseProgress progress, Action<long, double> report, CancellationToken cancellation)
    {
        long tokens = 0;
        int steps = 0;
        var trainer = new FusionTrainer(options)
        {
            Notice = progress.Notice,
            Progress = step => report(tokens += step.Tokens, (double)step.Step / steps),
        };
        steps = trainer.Steps;
        trainer.Run(cancellation);
        return Of(trainer.LogPath);
    }

    private static TrainOutcome Of(string log)
    {
        StepRecord[] steps = [.. TrainingLog.Read(log)];
        return new TrainOutcome(steps.Length, steps.Sum(static s => (long)s.Tokens), [.. steps.Select(static s => new LossPoint(s.Step, s.Loss, s.NextToken, s.Fusion))]);
    }
}

/// <summary>A step's losses, in nats.</summary>
internal sealed record LossPoint(int Step, double Loss, double NextToken, double? Fusion);

/// <summary>Seconds of a stage.</summary>
/// <param name="Stage">Its name.</param>
/// <param name="Seconds">When it ran.</param>
public sealed record StageTime(string Stage, double Seconds);

/// <summary>What became of a student.</summary>
internal sealed record StudentOutcome(Student Student, AlignOutcome? Aligned, TrainOutcome Trained, ModelScores? Scores);

/// <summary>What a fusion did.</summary>
public sealed class FuseOutcome
{
    internal FuseOutcome(
        FuseConfig config, FuseModel target, IReadOnlyList<FuseModel> sources, IReadOnlyList<StudentOutcome> students, ModelScores? before, IReadOnlyList<ModelScores?> sourceScores,
        IReadOnlyList<StageTime> times)
    {
        Config = config;
        Target = target;
        Sources = sources;
        Students = students;
        Before = before;
        SourceScores = sourceScores;
        Times = times;
    }

    /// <summary>Seconds per stage, in the order of the stages.</summary>
    public IReadOnlyList<StageTime> Times { get; }

    /// <summary>What was asked for.</summary>
    public FuseConfig Config { get; }

    internal FuseModel Target { get; }

    internal IReadOnlyList<FuseModel> Sources { get; }

    internal IReadOnlyList<StudentOutcome> Students { get; }

    internal ModelScores? Before { get; }

    internal IReadOnlyList<ModelScores?> SourceScores { get; }
}

/// <summary>A model's scores, document by document.</summary>
internal sealed record ModelScores(DocumentScore[] Documents)
{
    /// <summary>The domains, in order.</summary>
    public string[] Domains => [.. Documents.Select(static d => d.Domain).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>The documents of a domain; null for all.</summary>
    public DocumentScore[] Of(string? domain) => [.. Documents.Where(d => domain is null || d.Domain == domain)];

    /// <summary>Scores a model.</summary>
    /// <param name="texts">The texts.</param>
    /// <param name="domainField">Their field with the domain; null for none.</param>
    /// <param name="model">The checkpoint.</param>
    /// <param name="encoder">Its tokenizer.</param>
    /// <param name="length">Positions that it sees.</param>
    /// <param name="device">Where it runs.</param>
    /// <param name="report">Told the tokens done and their share.</param>
    /// <param name="notice">Told what is unusual.</param>
    /// <param name="cancellation">Stops.</param>
    /// <exception cref="AlignmentDataException">There is no text.</exception>
    public static DocumentScore[] Score(
        string texts, string? domainField, string model, TextEncoder encoder, int length, string device, Action<long, double>? report, Action<string> notice, CancellationToken cancellation)
    {
        EvaluationDocument[] documents = [.. TextDocument.Read(texts, domainField).Select(d => EvaluationDocument.Of(d, encoder))];
        if (documents.Length == 0)
            throw new AlignmentDataException($"{texts}: holds no document; evaluation.documents names the held-out text.");
        Device opened = TorchRuntime.OpenDevice(device);
        using CausalModel loaded = ModelFiles.Load(model, ScalarType.Float32, opened, notice);
        return new Evaluator(loaded, encoder.Vocabulary, opened) { Length = length }.Score(documents, report, cancellation);
    }

    public static void Write(string path, DocumentScore[] documents)
    {
        using var file = new AtomicFile(path, replace: true);
        JsonSerializer.Serialize(file.Stream, new ModelScores(documents), FuseConfigFile.Options);
        file.Commit();
    }

    public static ModelScores Read(string path) => JsonSerializer.Deserialize<ModelScores>(File.ReadAllBytes(path), FuseConfigFile.Options)!;
}
