using PtaKernels.Training;

namespace PtaKernels.Effect;

/// <summary>What the study's figures say: paired differences over seeds, and whether rows predict students.</summary>
internal sealed class EffectStatistics
{
    /// <summary>The preset that all others are changes of.</summary>
    public const string Fusion = "fusion";

    /// <summary>The method whose teacher has the target's own tokenizer.</summary>
    public const string Twin = "same-tokenizer";

    /// <summary>Names of what <see cref="Fusion"/> has to beat.</summary>
    private static readonly string[] Rivals = ["clm", "fuse-soft", "fuse-hard", "reference"];

    private readonly Dictionary<string, EffectMethod> _methods = new(StringComparer.Ordinal);

    /// <summary>By row: the rows that were trained together with it.</summary>
    private readonly Dictionary<EffectMethod, Dictionary<string, EffectMethod>> _together = new(ReferenceEqualityComparer.Instance);

    /// <summary>Of these results.</summary>
    /// <param name="results">What was measured.</param>
    /// <param name="added">What was measured later: a row that an earlier one has too is not taken again, but what is new is compared with the control and the <see cref="Fusion"/> beside it.</param>
    /// <exception cref="AlignmentDataException">They contradict themselves or each other.</exception>
    public EffectStatistics(EffectResults results, params IReadOnlyList<EffectResults> added)
    {
        Results = results;
        _ = Take(results);
        Added = [.. added.Select(later => new AddedRows(later, Take(later)))];
        Ordered = [.. _methods.Values.OrderBy(static m => Array.IndexOf(EffectMethod.Groups, m.Group)).ThenBy(m => Gain(m, EffectResults.All)?.Mean ?? double.MaxValue)];
    }

    public EffectResults Results { get; }

    /// <summary>What came later, and the rows that are taken from it.</summary>
    public IReadOnlyList<AddedRows> Added { get; }

    /// <summary>The methods by group and, inside, by their difference to their control on all text; those without one last.</summary>
    public IReadOnlyList<EffectMethod> Ordered { get; }

    /// <summary>Those of <see cref="Ordered"/> that a README shows: all but the search that set <see cref="Fusion"/>.</summary>
    public IEnumerable<EffectMethod> Shown => Ordered.Where(static m => m.Group != EffectMethod.Search);

    /// <summary>Domains without their sum.</summary>
    public IReadOnlyList<string> Domains => [.. Results.HeldOut.Keys];

    /// <summary>Methods beside the teacher with the target's own tokenizer that has as many candidates: <see cref="Fusion"/>, and NAME wherever there is NAME-<see cref="Twin"/>.</summary>
    public IEnumerable<(EffectMethod Method, EffectMethod Twin)> BesideTwins =>
        from twin in Shown
        where twin.Name.EndsWith(Twin, StringComparison.Ordinal)
        let method = Beside(twin, twin.Name == Twin ? Fusion : twin.Name[..^(Twin.Length + 1)])
        where method is not null && Recovered(method, twin, EffectResults.All) is not null
        orderby method.Name != Fusion, method.Name
        select (method, twin);

    /// <summary>A row of the table; null where there is none of this name.</summary>
    public EffectMethod? Find(string? name) => name is null ? null : _methods.GetValueOrDefault(name);

    /// <summary>The row of a name that was trained together with another; null where there is none.</summary>
    public EffectMethod? Beside(EffectMethod method, string? name) => name is null ? null : _together[method].GetValueOrDefault(name);

    /// <summary>What <see cref="Fusion"/> has to beat, as it was trained together with it.</summary>
    public EffectMethod[] RivalsOf(EffectMethod fusion) => [.. Rivals.Select(name => Beside(fusion, name)).OfType<EffectMethod>()];

    /// <summary>Method minus its control; null without a control or a seed that both were trained on.</summary>
    public PairedTTest? Gain(EffectMethod method, string domain) => Beside(method, method.Control) is { } control ? Between(control, method, domain) : null;

    /// <summary>Second minus first; null without a seed that both were trained on.</summary>
    public static PairedTTest? Between(EffectMethod first, EffectMethod second, string domain) => Paired(BitsOf(first, domain), BitsOf(second, domain));

    /// <summary>Second minus first, each less its own control; null where one has none or no seed has all four.</summary>
    public PairedTTest? BetweenGains(EffectMethod first, EffectMethod second, string domain) => Paired(GainsOf(first, domain), GainsOf(second, domain));

    /// <summary>Method minus <see cref="Fusion"/>, each less its own control where these differ; null for it itself and without a common seed.</summary>
    public PairedTTest? AgainstFusion(EffectMethod method, string domain) =>
        Beside(method, Fusion) is not { } fusion || fusion == method ? null : HaveTwoControls(fusion, method) ? BetweenGains(fusion, method, domain) : Between(fusion, method, domain);

    /// <summary>Whether both have a control, and not the same.</summary>
    public static bool HaveTwoControls(EffectMethod first, EffectMethod second) => first.Control is not null && second.Control is not null && first.Control != second.Control;

    /// <summary>By seed: method minus control.</summary>
    public IReadOnlyDictionary<int, double> GainsOf(EffectMethod method, string domain)
    {
        if (Beside(method, method.Control) is not { } control)
            return new Dictionary<int, double>();
        Dictionary<int, double> before = BitsOf(control, domain);
        return BitsOf(method, domain).Where(r => before.ContainsKey(r.Key)).ToDictionary(static r => r.Key, r => r.Value - before[r.Key]);
    }

    /// <summary>The share of another's gain that a method has, means over the seeds of both; null where one is missing.</summary>
    public double? Recovered(EffectMethod method, EffectMethod twin, string domain)
    {
        IReadOnlyDictionary<int, double> all = GainsOf(twin, domain), own = GainsOf(method, domain);
        int[] seeds = [.. own.Keys.Where(all.ContainsKey)];
        return seeds.Length == 0 ? null : seeds.Average(s => own[s]) / seeds.Average(s => all[s]);
    }

    /// <summary>The mean over a method's seeds of what not all of them have; null where none has it.</summary>
    public static double? Mean(EffectMethod method, Func<EffectRun, double?> value) => method.Runs.Average(value);

    /// <summary>Methods that have rows of their own and were trained: figures of the rows before training, and the difference after it. Other weights and other text leave the rows as they are and are left out.</summary>
    public IReadOnlyList<EffectPrediction> Predictions() =>
    [
        .. from m in Shown
           where m.Group is not ("weight" or "data")
           let gain = Gain(m, EffectResults.All)
           let gold = Mean(m, static r => r.GoldProbability)
           where gain is not null && gold is not null
           select new EffectPrediction(m, gold.Value, Mean(m, static r => r.GoldTop1 - r.TargetTop1), Mean(m, static r => r.SignalKept), gain.Value.Mean),
    ];

    /// <summary>How a figure of rows orders methods against how training does; methods without the figure are left out.</summary>
    public static RankCorrelation Correlation(IReadOnlyList<EffectPrediction> predictions, Func<EffectPrediction, double?> figure)
    {
        EffectPrediction[] known = [.. predictions.Where(p => figure(p) is not null)];
        return RankCorrelation.Spearman([.. known.Select(p => figure(p)!.Value)], [.. known.Select(static p => p.Difference)]);
    }

    /// <summary>Takes the rows that are not there yet.</summary>
    private EffectMethod[] Take(EffectResults results)
    {
        if (results.Problem() is { } problem)
            throw new AlignmentDataException($"{results.Title}, {results.Command}: {problem}.");
        if (!results.HeldOut.OrderBy(static t => t.Key, StringComparer.Ordinal).SequenceEqual(Results.HeldOut.OrderBy(static t => t.Key, StringComparer.Ordinal)))
            throw new AlignmentDataException($"{results.Title}, {results.Command}: its held-out text is not that of the results before it, so that its rows cannot stand beside theirs; run both on the same text.");
        Dictionary<string, EffectMethod> together = results.Methods.ToDictionary(static m => m.Name, StringComparer.Ordinal);
        foreach (EffectMethod method in results.Methods)
            _together.Add(method, together);
        return [.. results.Methods.Where(m => _methods.TryAdd(m.Name, m))];
    }

    private static Dictionary<int, double> BitsOf(EffectMethod method, string domain) =>
        method.Runs.Where(r => r.BitsPerByte.ContainsKey(domain)).ToDictionary(static r => r.Seed, r => r.BitsPerByte[domain]);

    private static PairedTTest? Paired(IReadOnlyDictionary<int, double> first, IReadOnlyDictionary<int, double> second)
    {
        int[] seeds = [.. first.Keys.Where(second.ContainsKey).Order()];
        return seeds.Length == 0 ? null : PairedTTest.Of([.. seeds.Select(s => first[s])], [.. seeds.Select(s => second[s])]);
    }
}

/// <summary>Results that came later.</summary>
/// <param name="Results">All of them.</param>
/// <param name="Rows">The methods that no earlier results have.</param>
internal sealed record AddedRows(EffectResults Results, IReadOnlyList<EffectMethod> Rows);

/// <summary>A method's rows before training, means over seeds, beside what training on them gave.</summary>
/// <param name="Method">Which.</param>
/// <param name="GoldProbability">Mean probability of the document's next token.</param>
/// <param name="Advantage">Gold top-1 of the fused rows less the target's own on the same rows.</param>
/// <param name="SignalKept">Share of the teachers' signal.</param>
/// <param name="Difference">Method minus control, bits per byte of all text.</param>
internal sealed record EffectPrediction(EffectMethod Method, double GoldProbability, double? Advantage, double? SignalKept, double Difference);
