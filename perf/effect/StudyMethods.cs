namespace PtaKernels.Effect;

/// <summary>Every row of the study with a student of its own.</summary>
internal static class StudyMethods
{
    /// <summary>Control of the students on text that is seen once.</summary>
    public const string FreshControl = "clm-fresh";

    /// <summary>Plain training on as much more text as the teachers' annotation costs.</summary>
    public const string EqualCostControl = "clm-cost";

    /// <summary>The target itself as a teacher.</summary>
    public const string Self = "itself";

    /// <summary>The two teachers that all rows have which say nothing else.</summary>
    public static readonly string[] Pair = ["neox", "mpt"];

    /// <summary>Teachers at another temperature: name, model, temperature.</summary>
    public static readonly (string Name, string Model, double Temperature)[] Tempered =
        [("neox-cool", "neox", 0.8), ("mpt-cool", "mpt", 0.8), ("neox-warm", "neox", 1.25), ("mpt-warm", "mpt", 1.25)];

    private static readonly string[] Weights = ["0.1", "0.2", "0.5", "0.65"], Tails = ["0", "1", "4"];

    /// <summary>Costs and transport instead of bytes, and so without a byte tail.</summary>
    private static readonly string[] Transported = ["projection", "top1", "byte-tail", "0"];

    private static readonly string[] Balanced = [.. Transported, "transport", "balanced", "columns", "target-topk", "mass", "renormalised"];

    /// <summary>Tier of the last rows.</summary>
    public const int LastTier = 3;

    /// <summary>All of them: presets and baselines, single changes of <c>fusion</c>, changes put together and ideas, and the search that set <c>fusion</c>.</summary>
    public static IReadOnlyList<StudyMethod> All { get; } = [.. Judged(), .. Changes(), .. Ideas(), .. FirstValues.Rows()];

    /// <summary>The model of a teacher: its own name, but that of what is only read at another temperature.</summary>
    public static string ModelOf(string source) => Tempered.FirstOrDefault(t => t.Name == source).Model ?? source;

    /// <summary>A row by its switches, name and value in turn.</summary>
    internal static StudyMethod Of(string name, string group, string change, params string[] switches) =>
        new(name, group, change) { Switches = switches.Chunk(2).ToDictionary(static s => s[0], static s => s[1], StringComparer.Ordinal) };

    private static IEnumerable<StudyMethod> Judged()
    {
        yield return Of("fusion", "presets", "the preset");
        yield return Of("paper", "presets", "the preset") with { Preset = "paper" };
        yield return Of("reference", "presets", "the preset: the official code") with { Preset = "reference" };
        yield return Of("fuse-soft", "baselines", "FuseLLM, soft, as published", "transport", "none") with { Preset = "reference" };
        yield return Of("fuse-hard", "baselines", "FuseLLM, hard, as published", "transport", "none", "transfer", "string-hard") with { Preset = "reference" };
        // A token of the target's own vocabulary goes to itself, which only a transport knows.
        yield return Of("self", "baselines", "the target teaches itself", Transported) with { Sources = [Self] };
        yield return Of("same-tokenizer", "baselines", "a teacher with the target's tokenizer", Transported) with { Sources = ["twin"] };
        yield return Of("balanced", "transport", "balanced, columns target-topk, renormalised", Balanced);
        yield return Of("fusion-fresh", "data", "no text twice") with { Run = StudyRun.Fresh };
    }

    private static IEnumerable<StudyMethod> Changes()
    {
        StudyMethod[] all =
        [
            Of("top1", "transport", "costs, transport semi-relaxed, projection top1", Transported),
            Of("unbalanced", "transport", "as top1, transport unbalanced", [.. Transported, "transport", "unbalanced"]) with { ChangeOf = "top1" },
            Of("topk", "transport", "as top1, projection topk", "projection", "topk", "byte-tail", "0") with { ChangeOf = "top1" },
            Of("barycentric", "transport", "as top1, projection barycentric", "projection", "barycentric", "byte-tail", "0") with { ChangeOf = "top1" },
            Of("greenkhorn", "transport", "as balanced, solver greenkhorn", [.. Balanced, "solver", "greenkhorn"]) with { ChangeOf = "balanced" },
            Of("embedding", "cost", "as top1, cost embedding", [.. Transported, "cost", "embedding"]) with { ChangeOf = "top1" },
            Of("hybrid", "cost", "as top1, cost hybrid", [.. Transported, "cost", "hybrid"]) with { ChangeOf = "top1" },
            .. Tails.Select(static t => Of("tail" + t, "transport", $"byte-tail {t}", "byte-tail", t)),
            Of("string", "transfer", "transfer string", "transfer", "string"),
            Of("boundary", "transfer", "transfer boundary", "transfer", "boundary"),
            Of("renormalised", "mass", "mass renormalised", "mass", "renormalised"),
            Of("label", "fallback", "fallback label", "fallback", "label"),
            Of("own", "fallback", "fallback target", "fallback", "target"),
            Of("k20", "candidates", "20 candidates") with { Run = StudyRun.Wide },
            Of("k40", "candidates", "40 candidates") with { Run = StudyRun.Widest },
            .. Weights.Select(static w => Of("w" + w, "weight", $"w {w}", "loss-weight", w)),
            Of("min-token", "choice", "min-ce per token", "fusion-level", "token"),
            Of("avg", "choice", "avg-ce per document", "fusion-function", "avg-ce"),
            Of("fill", "choice", "fill: the next best source where the best does not reach", "fill", "on"),
            Of("three", "sources", "a third source") with { Sources = [.. Pair, "third"] },
        ];
        return all.Select(static m => m with { Tier = 1 });
    }

    private static IEnumerable<StudyMethod> Ideas()
    {
        StudyMethod[] all =
        [
            Of("k20-same-tokenizer", "baselines", "20 candidates of a teacher with the target's tokenizer", Transported) with { Run = StudyRun.Wide, Sources = ["twin"] },
            Of("k40-same-tokenizer", "baselines", "40 candidates of a teacher with the target's tokenizer", Transported) with { Run = StudyRun.Widest, Sources = ["twin"] },
            Of("k20-boundary", "ideas", "20 candidates, transfer boundary", "transfer", "boundary") with { Run = StudyRun.Wide },
            Of("k40-boundary", "ideas", "40 candidates, transfer boundary", "transfer", "boundary") with { Run = StudyRun.Widest },
            Of("chain", "ideas", "the next token has the mass that the teacher gives to its bytes", "label-mass", "chain"),
            Of("row", "ideas", "each row from the source that is surer of it", "fusion-level", "row"),
        ];
        return all.Select(static m => m with { Tier = 2 });
    }
}
