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

    private static readonly string[] Weights = ["0.2", "0.35", "0.65", "0.8", "0.95"];

    private static readonly string[] Balanced = ["transport", "balanced", "columns", "target-topk", "mass", "renormalised"];

    /// <summary>Tier of the last rows.</summary>
    public const int LastTier = 3;

    /// <summary>All of them: baselines and presets, single changes of <c>fusion</c>, changes that won put together, ideas.</summary>
    public static IReadOnlyList<StudyMethod> All { get; } = [.. Judged(), .. Changes(), .. Combinations(), .. Ideas()];

    /// <summary>Those of a tier and of the ones before it.</summary>
    public static IEnumerable<StudyMethod> UpTo(int tier) => All.Where(m => m.Tier <= tier);

    private static IEnumerable<StudyMethod> Judged()
    {
        yield return Of("fusion", "presets", "the preset");
        yield return Of("paper", "presets", "the preset") with { Preset = "paper" };
        yield return Of("reference", "presets", "the preset: the official code") with { Preset = "reference" };
        yield return Of("fuse-soft", "baselines", "FuseLLM, soft, as published", "transport", "none") with { Preset = "reference" };
        yield return Of("fuse-hard", "baselines", "FuseLLM, hard, as published", "transport", "none", "transfer", "string-hard") with { Preset = "reference" };
        yield return Of("self", "baselines", "the target teaches itself") with { Sources = [Self] };
        yield return Of("same-tokenizer", "baselines", "a teacher with the target's tokenizer") with { Sources = ["twin"] };
        yield return Of("balanced", "transport", "balanced, columns target-topk, renormalised", Balanced);
        yield return Of("fusion-fresh", "data", "no text twice") with { Run = StudyRun.Fresh };
    }

    private static IEnumerable<StudyMethod> Changes()
    {
        StudyMethod[] all =
        [
            Of("unbalanced", "transport", "transport unbalanced", "transport", "unbalanced"),
            Of("byte", "transport", "projection byte", "projection", "byte"),
            Of("target-topk", "columns", "columns target-topk", "columns", "target-topk"),
            Of("string", "transfer", "transfer string", "transfer", "string"),
            Of("groups", "transfer", "transfer groups", "transfer", "groups"),
            Of("boundary", "transfer", "transfer boundary", "transfer", "boundary"),
            Of("renormalised", "mass", "mass renormalised", "mass", "renormalised"),
            Of("label", "fallback", "fallback label", "fallback", "label"),
            Of("own", "fallback", "fallback target", "fallback", "target"),
            Of("k3", "candidates", "3 candidates", "window", "3", "fused-k", "3"),
            Of("k5", "candidates", "5 candidates", "window", "5", "fused-k", "5"),
            Of("k20", "candidates", "20 candidates") with { Run = StudyRun.Wide },
            Of("t0.7", "temperature", "renormalised, temperature 0.7", "mass", "renormalised", "temperature", "0.7"),
            Of("t1.5", "temperature", "renormalised, temperature 1.5", "mass", "renormalised", "temperature", "1.5"),
            .. Weights.Select(static w => Of("w" + w, "weight", $"w {w}", "loss-weight", w)),
            Of("min-token", "choice", "min-ce per token", "fusion-level", "token"),
            Of("avg", "choice", "avg-ce per document", "fusion-function", "avg-ce"),
            Of("avg-token", "choice", "avg-ce per token", "fusion-function", "avg-ce", "fusion-level", "token"),
            Of("fill", "choice", "fill: the next best source where the best does not reach", "fill", "on"),
            Of("one-neox", "sources", "the first source alone") with { Sources = ["neox"] },
            Of("one-mpt", "sources", "the second source alone") with { Sources = ["mpt"] },
            Of("three", "sources", "a third source") with { Sources = [.. Pair, "third"] },
        ];
        return all.Select(static m => m with { Tier = 1 });
    }

    private static IEnumerable<StudyMethod> Combinations()
    {
        StudyMethod[] all =
        [
            Of("byte-boundary", "ideas", "projection byte, transfer boundary", "projection", "byte", "transfer", "boundary"),
            Of("k20-byte", "ideas", "20 candidates, projection byte", "projection", "byte") with { Run = StudyRun.Wide },
            Of("k20-byte-boundary", "ideas", "20 candidates, projection byte, transfer boundary", "projection", "byte", "transfer", "boundary") with { Run = StudyRun.Wide },
            Of("k20-boundary", "ideas", "20 candidates, transfer boundary", "transfer", "boundary") with { Run = StudyRun.Wide },
            Of("k20-same-tokenizer", "baselines", "20 candidates of a teacher with the target's tokenizer") with { Run = StudyRun.Wide, Sources = ["twin"] },
            Of("k40", "candidates", "40 candidates") with { Run = StudyRun.Widest },
            Of("k40-byte-boundary", "ideas", "40 candidates, projection byte, transfer boundary", "projection", "byte", "transfer", "boundary") with { Run = StudyRun.Widest },
            Of("k40-same-tokenizer", "baselines", "40 candidates of a teacher with the target's tokenizer") with { Run = StudyRun.Widest, Sources = ["twin"] },
        ];
        return all.Select(static m => m with { Tier = 2 });
    }

    private static IEnumerable<StudyMethod> Ideas()
    {
        StudyMethod[] all =
        [
            Of("chain", "ideas", "the next token has the mass that the teacher gives to its bytes", "label-mass", "chain"),
            Of("chain-byte", "ideas", "label-mass chain, projection byte", "label-mass", "chain", "projection", "byte"),
            Of("byte-wide", "ideas", "projection byte, fused rows of 32 tokens", "projection", "byte", "fused-k", "32"),
            Of("byte-length", "ideas", "projection byte, unstored tokens lose a bit per byte beyond the candidate", "projection", "byte", "byte-tail", "1"),
            Of("byte-best", "ideas", "projection byte with byte-tail 1, label-mass chain, fused rows of 32 tokens", "projection", "byte", "byte-tail", "1", "label-mass", "chain", "fused-k", "32"),
            Of("tail0.5", "ideas", "projection byte, byte-tail 0.5", "projection", "byte", "byte-tail", "0.5"),
            Of("tail1.5", "ideas", "projection byte, byte-tail 1.5", "projection", "byte", "byte-tail", "1.5"),
            Of("tail2", "ideas", "projection byte, byte-tail 2", "projection", "byte", "byte-tail", "2"),
            Of("tail4", "ideas", "projection byte, byte-tail 4", "projection", "byte", "byte-tail", "4"),
            Of("tail-boundary", "ideas", "byte-tail 1, transfer boundary", "projection", "byte", "byte-tail", "1", "transfer", "boundary"),
            Of("tail-chain", "ideas", "byte-tail 1, label-mass chain", "projection", "byte", "byte-tail", "1", "label-mass", "chain"),
            Of("tail-w0.35", "ideas", "byte-tail 1, w 0.35", "projection", "byte", "byte-tail", "1", "loss-weight", "0.35"),
            Of("tail-w0.65", "ideas", "byte-tail 1, w 0.65", "projection", "byte", "byte-tail", "1", "loss-weight", "0.65"),
            Of("k20-tail", "ideas", "20 candidates, byte-tail 1", "projection", "byte", "byte-tail", "1") with { Run = StudyRun.Wide },
            Of("k20-tail-boundary", "ideas", "20 candidates, byte-tail 1, transfer boundary", "projection", "byte", "byte-tail", "1", "transfer", "boundary") with { Run = StudyRun.Wide },
            Of("k20-tail-chain", "ideas", "20 candidates, byte-tail 1, label-mass chain", "projection", "byte", "byte-tail", "1", "label-mass", "chain") with { Run = StudyRun.Wide },
            Of("k40-tail", "ideas", "40 candidates, byte-tail 1", "projection", "byte", "byte-tail", "1") with { Run = StudyRun.Widest },
            Of("k40-tail-boundary", "ideas", "40 candidates, byte-tail 1, transfer boundary", "projection", "byte", "byte-tail", "1", "transfer", "boundary") with { Run = StudyRun.Widest },
            Of("k40-tail-chain", "ideas", "40 candidates, byte-tail 1, label-mass chain", "projection", "byte", "byte-tail", "1", "label-mass", "chain") with { Run = StudyRun.Widest },
            Of("tail2-w0.35", "ideas", "byte-tail 2, w 0.35", "projection", "byte", "byte-tail", "2", "loss-weight", "0.35"),
            Of("tail2-w0.2", "ideas", "byte-tail 2, w 0.2", "projection", "byte", "byte-tail", "2", "loss-weight", "0.2"),
            Of("tail2-w0.1", "ideas", "byte-tail 2, w 0.1", "projection", "byte", "byte-tail", "2", "loss-weight", "0.1"),
            Of("tail2-boundary-w0.35", "ideas", "byte-tail 2, transfer boundary, w 0.35", "projection", "byte", "byte-tail", "2", "loss-weight", "0.35", "transfer", "boundary"),
            Of("k20-tail2-w0.35", "ideas", "20 candidates, byte-tail 2, w 0.35", "projection", "byte", "byte-tail", "2", "loss-weight", "0.35") with { Run = StudyRun.Wide },
            Of("k20-tail2-w0.2", "ideas", "20 candidates, byte-tail 2, w 0.2", "projection", "byte", "byte-tail", "2", "loss-weight", "0.2") with { Run = StudyRun.Wide },
            Of("k20-tail2-boundary-w0.35", "ideas", "20 candidates, byte-tail 2, transfer boundary, w 0.35", "projection", "byte", "byte-tail", "2", "loss-weight", "0.35", "transfer", "boundary") with { Run = StudyRun.Wide },
            Of("k40-tail2-w0.35", "ideas", "40 candidates, byte-tail 2, w 0.35", "projection", "byte", "byte-tail", "2", "loss-weight", "0.35") with { Run = StudyRun.Widest },
            Of("k40-tail2-w0.2", "ideas", "40 candidates, byte-tail 2, w 0.2", "projection", "byte", "byte-tail", "2", "loss-weight", "0.2") with { Run = StudyRun.Widest },
            Of("k40-tail2-boundary-w0.35", "ideas", "40 candidates, byte-tail 2, transfer boundary, w 0.35", "projection", "byte", "byte-tail", "2", "loss-weight", "0.35", "transfer", "boundary") with { Run = StudyRun.Widest },
            Of("same-tokenizer-w0.35", "baselines", "a teacher with the target's tokenizer, w 0.35", "loss-weight", "0.35") with { Sources = ["twin"] },
            Of("k20-same-tokenizer-w0.35", "baselines", "20 candidates of a teacher with the target's tokenizer, w 0.35", "loss-weight", "0.35") with { Run = StudyRun.Wide, Sources = ["twin"] },
            Of("row", "ideas", "each row from the source that is surer of it", "fusion-level", "row"),
            Of("row-avg", "ideas", "each row a mixture by how sure the sources are", "fusion-level", "row", "fusion-function", "avg-ce"),
            Of("posterior", "ideas", "mixture by the sources' posterior given the text so far", "fusion-level", "prefix", "fusion-function", "avg-ce"),
            Of("cool", "ideas", "teachers' logits divided by 0.8") with { Sources = ["neox-cool", "mpt-cool"] },
            Of("warm", "ideas", "teachers' logits divided by 1.25") with { Sources = ["neox-warm", "mpt-warm"] },
        ];
        return all.Select(static m => m with { Tier = LastTier });
    }

    private static StudyMethod Of(string name, string group, string change, params string[] switches) =>
        new(name, group, change) { Switches = switches.Chunk(2).ToDictionary(static s => s[0], static s => s[1], StringComparer.Ordinal) };
}
