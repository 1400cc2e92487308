using PtaKernels.Perf;
using PtaKernels.Training;

namespace PtaKernels.Effect;

/// <summary>All that the effect study measured.</summary>
internal sealed record EffectResults
{
    /// <summary>Name of the sum over the domains.</summary>
    public const string All = "all";

    /// <summary>The heading.</summary>
    public required string Title { get; init; }

    /// <summary>When it ended.</summary>
    public required DateTimeOffset Date { get; init; }

    /// <summary>Where: processor and cores.</summary>
    public required string Machine { get; init; }

    /// <summary>Of the program and what it stands on, by name.</summary>
    public required IReadOnlyDictionary<string, string> Versions { get; init; }

    /// <summary>What was typed.</summary>
    public required string Command { get; init; }

    /// <summary>Training, alignment and evaluation together.</summary>
    public required double Seconds { get; init; }

    /// <summary>Seeds of the study: first weights and order of the target.</summary>
    public required IReadOnlyList<int> Seeds { get; init; }

    /// <summary>By seed: which set of teachers it took.</summary>
    public required IReadOnlyDictionary<int, int> TeacherSets { get; init; }

    /// <summary>The held-out text by domain, in the order of the tables.</summary>
    public required IReadOnlyDictionary<string, EffectText> HeldOut { get; init; }

    /// <summary>Teachers and targets before any fusion.</summary>
    public required IReadOnlyList<EffectModel> Models { get; init; }

    /// <summary>What is compared.</summary>
    public required IReadOnlyList<EffectMethod> Methods { get; init; }

    /// <summary>What learning rates were chosen by.</summary>
    public IReadOnlyList<EffectTuning> Tuning { get; init; } = [];

    /// <summary>The domains, and their sum last.</summary>
    internal IEnumerable<string> Domains => HeldOut.Keys.Append(All);

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="AlignmentDataException">It is missing, damaged or contradicts itself.</exception>
    public static EffectResults Read(string path)
    {
        const string Advice = "expected the results of the effect study, write them again";
        EffectResults results = JsonFile.Read<EffectResults>(path, Advice);
        return results.Problem() is { } problem ? throw new AlignmentDataException($"{path}: {problem}; {Advice}.") : results;
    }

    /// <summary>Writes the file; it has its name only once it is complete.</summary>
    /// <param name="path">The file; replaced where it exists.</param>
    /// <exception cref="AlignmentDataException">The results contradict themselves, or the folder does not exist.</exception>
    public void Write(string path)
    {
        if (Problem() is { } problem)
            throw new AlignmentDataException($"{path}: {problem}; nothing was written.");
        JsonFile.Write(path, this);
    }

    /// <summary>What makes a comparison impossible; null for nothing.</summary>
    internal string? Problem()
    {
        HashSet<string> names = new(StringComparer.Ordinal);
        foreach (EffectMethod method in Methods)
        {
            if (!names.Add(method.Name))
                return $"two methods are named {method.Name}";
            if (!EffectMethod.Groups.Contains(method.Group))
                return $"method {method.Name}: there is no group {method.Group}";
            if (method.Runs.GroupBy(static r => r.Seed).FirstOrDefault(static g => g.Count() > 1) is { } twice)
                return $"method {method.Name}: seed {twice.Key} ran twice";
            if (method.Runs.FirstOrDefault(r => r.BitsPerByte.Count > 0 && !Domains.All(r.BitsPerByte.ContainsKey)) is { } partial)
                return $"method {method.Name}, seed {partial.Seed}: bits per byte of {string.Join(", ", Domains.Where(d => !partial.BitsPerByte.ContainsKey(d)))} are missing";
        }

        return Methods.FirstOrDefault(m => m.Control is not null && !names.Contains(m.Control)) is { } alone ? $"method {alone.Name}: its control {alone.Control} is not among the methods" : null;
    }
}

/// <summary>Text of one domain.</summary>
internal sealed record EffectText(int Documents, long Bytes);

/// <summary>A model that was there before; seed: of its own training.</summary>
internal sealed record EffectModel(string Name, int Seed, IReadOnlyDictionary<string, double> BitsPerByte);

/// <summary>What a learning rate gave, on text that the table is not made from.</summary>
internal sealed record EffectTuning(string Method, double LearningRate, double BitsPerByte);

/// <summary>One way of aligning, or of training without.</summary>
internal sealed record EffectMethod
{
    /// <summary>What <see cref="Group"/> may be, in the order of the tables.</summary>
    public static readonly string[] Groups =
        ["presets", "baselines", "controls", "transport", "cost", "columns", "transfer", "mass", "fallback", "candidates", "temperature", "weight", "choice", "sources", "data", "ideas", Search];

    /// <summary>The group of the search that set <c>fusion</c>: rows of the page, too many for the table of a README.</summary>
    public const string Search = "first";

    /// <summary>Its name, like no other's.</summary>
    public required string Name { get; init; }

    /// <summary>One of <see cref="Groups"/>.</summary>
    public required string Group { get; init; }

    /// <summary>What differs from the preset fusion, in a few words.</summary>
    public required string Change { get; init; }

    /// <summary>The preset it starts from; null where nothing is aligned.</summary>
    public string? Preset { get; init; }

    /// <summary>Switches that differ from the preset's.</summary>
    public IReadOnlyDictionary<string, string> Switches { get; init; } = new Dictionary<string, string>();

    /// <summary>w of w * next-token loss + (1 - w) * fusion loss; null where nothing is trained.</summary>
    public double? LossWeight { get; init; }

    /// <summary>The largest of the schedule; null where nothing is trained.</summary>
    public double? LearningRate { get; init; }

    /// <summary>The teachers.</summary>
    public IReadOnlyList<string> Sources { get; init; } = [];

    /// <summary>Name of the method that it is compared with, seed by seed; null for controls and where nothing is trained.</summary>
    public string? Control { get; init; }

    /// <summary>Name of the method that it is a change of, where that is not <c>fusion</c>; null where it is.</summary>
    public string? ChangeOf { get; init; }

    /// <summary>One for each seed.</summary>
    public required IReadOnlyList<EffectRun> Runs { get; init; }

    /// <summary>By domain: the difference to the control over resampled documents, scores summed over seeds.</summary>
    public IReadOnlyDictionary<string, BootstrapResult> Bootstrap { get; init; } = new Dictionary<string, BootstrapResult>();

    /// <summary>Documents that lost and won most against the control.</summary>
    public IReadOnlyList<EffectDocument> Worst { get; init; } = [];
}

/// <summary>A document that lost or won.</summary>
/// <param name="Document">Its id.</param>
/// <param name="Domain">Its domain.</param>
/// <param name="Difference">Method minus control in bits per byte, averaged over seeds.</param>
/// <param name="IsBest">Whether it is one of those that won.</param>
internal sealed record EffectDocument(string Document, string Domain, double Difference, bool IsBest);

/// <summary>A method under one seed.</summary>
internal sealed record EffectRun
{
    /// <summary>Which.</summary>
    public required int Seed { get; init; }

    /// <summary>Of held-out text after training, by domain and, pooled by bytes, of <see cref="EffectResults.All"/>; empty where nothing was trained.</summary>
    public IReadOnlyDictionary<string, double> BitsPerByte { get; init; } = new Dictionary<string, double>();

    /// <summary>Positions that went through the student.</summary>
    public long Tokens { get; init; }

    /// <summary>Optimiser steps.</summary>
    public int Steps { get; init; }

    /// <summary>Seconds of training.</summary>
    public double TrainSeconds { get; init; }

    /// <summary>Seconds of alignment.</summary>
    public double AlignSeconds { get; init; }

    /// <summary>Share of the target's rows with a fused distribution; null where nothing is aligned, as are the following.</summary>
    public double? Coverage { get; init; }

    /// <summary>Share of the fused rows whose most probable token is the document's next one.</summary>
    public double? GoldTop1 { get; init; }

    /// <summary>The target's own share on the same rows.</summary>
    public double? TargetTop1 { get; init; }

    /// <summary>Mean probability that a fused row gives to the document's next token.</summary>
    public double? GoldProbability { get; init; }

    /// <summary>Share of the teachers' signal that survives in the fused rows.</summary>
    public double? SignalKept { get; init; }
}
