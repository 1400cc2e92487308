using PtaKernels.Training;

namespace PtaKernels.Pipeline;

/// <summary>All that is told of a fusion: what went in, what came out, what it cost. Serialisable; <see cref="FusionReportWriter"/> makes pages of it.</summary>
public sealed record FusionReport
{
    /// <summary>The heading.</summary>
    public required string Title { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset Date { get; init; }

    /// <summary>Where: processor, cores, device.</summary>
    public required string Machine { get; init; }

    /// <summary>Of the program and what it stands on, by name.</summary>
    public required IReadOnlyDictionary<string, string> Versions { get; init; }

    /// <summary>The configuration as text.</summary>
    public required string Config { get; init; }

    /// <summary>Domains of the held-out text in the order of the tables, the sum over them last; empty where nothing was scored.</summary>
    public required IReadOnlyList<string> Domains { get; init; }

    /// <summary>The receiving model before.</summary>
    public required ReportModel Target { get; init; }

    /// <summary>The giving models.</summary>
    public required IReadOnlyList<ReportModel> Sources { get; init; }

    /// <summary>The trained models, the control among them.</summary>
    public required IReadOnlyList<ReportStudent> Students { get; init; }

    /// <summary>Name of the student that was trained without teachers, at the same cost; null for none.</summary>
    public string? Control { get; init; }

    /// <summary>What was done, in order.</summary>
    public required IReadOnlyList<ReportStage> Stages { get; init; }

    /// <summary>What to beware of, a sentence each; rows worse than the target's own are told without being named here.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>What follows from the figures, a sentence each.</summary>
    public IReadOnlyList<string> Conclusions { get; init; } = [];
}

/// <summary>A model that was there before.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Family">Its architecture.</param>
/// <param name="Parameters">Number of weights.</param>
/// <param name="Tokenizer">Its tokenizer, in words.</param>
/// <param name="BitsPerByte">Of the held-out text, by domain; empty where it was not scored.</param>
public sealed record ReportModel(string Name, string Family, long Parameters, string Tokenizer, IReadOnlyDictionary<string, double> BitsPerByte);

/// <summary>A model that was trained.</summary>
public sealed record ReportStudent
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>How its rows were fused; null for the control.</summary>
    public string? Preset { get; init; }

    /// <summary>w of w * next-token loss + (1 - w) * fusion loss.</summary>
    public required double LossWeight { get; init; }

    /// <summary>Optimiser steps.</summary>
    public required int Steps { get; init; }

    /// <summary>Positions that went through it.</summary>
    public required long Tokens { get; init; }

    /// <summary>After training, by domain.</summary>
    public required IReadOnlyDictionary<string, double> BitsPerByte { get; init; }

    /// <summary>Paired differences to the control, by domain; empty without one.</summary>
    public IReadOnlyList<ReportDifference> AgainstControl { get; init; } = [];

    /// <summary>Paired differences to the target before, by domain.</summary>
    public IReadOnlyList<ReportDifference> AgainstStart { get; init; } = [];

    /// <summary>Share of the target's rows with a fused distribution; null for the control.</summary>
    public double? Coverage { get; init; }

    /// <summary>Share of the fused rows whose most probable token is the next one.</summary>
    public double? GoldTop1 { get; init; }

    /// <summary>The target's own share on the same rows.</summary>
    public double? TargetTop1 { get; init; }

    /// <summary>Share of the teachers' signal that fusion kept.</summary>
    public double? SignalKept { get; init; }

    /// <summary>Next-token losses of its steps.</summary>
    public LossSeries? Loss { get; init; }

    /// <summary>Whether its fused rows say less about the next token than the target's own do.</summary>
    internal bool HasWorseRows => GoldTop1 < TargetTop1;
}

/// <summary>A paired difference in bits per byte; negative where the student is better.</summary>
/// <param name="Domain">On which texts.</param>
/// <param name="Difference">Student minus what it is compared with.</param>
/// <param name="Low">2.5 % quantile.</param>
/// <param name="High">97.5 % quantile.</param>
/// <param name="StandardError">Over resampled documents.</param>
/// <param name="PValue">Two-sided.</param>
public sealed record ReportDifference(string Domain, double Difference, double Low, double High, double StandardError, double PValue)
{
    /// <summary>What a bootstrap gave.</summary>
    public static ReportDifference Of(string domain, BootstrapResult result) => new(domain, result.Difference, result.Low, result.High, result.StandardError, result.PValue);
}

/// <summary>A stage.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Seconds">What it took when it ran.</param>
/// <param name="IsAlignment">Whether it counts as alignment.</param>
public sealed record ReportStage(string Name, double Seconds, bool IsAlignment = false);
