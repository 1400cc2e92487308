namespace PtaKernels.Effect;

/// <summary>The search that set preset <c>fusion</c>: the values that SPEC A2 begins with, single changes of them, and what won put together.</summary>
internal static class FirstValues
{
    /// <summary>What the specification's values are, against the preset's.</summary>
    private static readonly string[] Values = ["projection", "top1", "byte-tail", "0", "loss-weight", "0.5", "transfer", "boundary+prefix"];

    private static readonly string[] Byte = ["projection", "byte"], Tail = [.. Byte, "byte-tail", "1"], Boundary = ["transfer", "boundary"], Chain = ["label-mass", "chain"];

    private static readonly string[] Weights = ["0.2", "0.35", "0.65", "0.8", "0.95"], Tails = ["0.5", "1", "1.5", "2", "4"];

    /// <summary>Every row of it.</summary>
    public static IEnumerable<StudyMethod> Rows()
    {
        StudyMethod[] all =
        [
            Of("first", "SPEC A2's values: projection top1, w 0.5"),
            Of("first-unbalanced", "transport unbalanced", "transport", "unbalanced"),
            Of("first-target-topk", "columns target-topk", "columns", "target-topk"),
            Of("first-string", "transfer string", "transfer", "string"),
            Of("first-groups", "transfer groups", "transfer", "groups"),
            Of("first-boundary", "transfer boundary", Boundary),
            Of("first-renormalised", "mass renormalised", "mass", "renormalised"),
            Of("first-label", "fallback label", "fallback", "label"),
            Of("first-own", "fallback target", "fallback", "target"),
            Of("first-k3", "3 candidates", "window", "3", "fused-k", "3"),
            Of("first-k5", "5 candidates", "window", "5", "fused-k", "5"),
            Wide(Of("first-k20", "20 candidates")),
            Widest(Of("first-k40", "40 candidates")),
            Of("first-t0.7", "renormalised, temperature 0.7", "mass", "renormalised", "temperature", "0.7"),
            Of("first-t1.5", "renormalised, temperature 1.5", "mass", "renormalised", "temperature", "1.5"),
            .. Weights.Select(static w => Of("first-w" + w, $"w {w}", "loss-weight", w)),
            Of("first-min-token", "min-ce per token", "fusion-level", "token"),
            Of("first-avg", "avg-ce per document", "fusion-function", "avg-ce"),
            Of("first-avg-token", "avg-ce per token", "fusion-function", "avg-ce", "fusion-level", "token"),
            Of("first-fill", "fill: the next best source where the best does not reach", "fill", "on"),
            Of("first-one-neox", "the first source alone") with { Sources = ["neox"] },
            Of("first-one-mpt", "the second source alone") with { Sources = ["mpt"] },
            Of("first-three", "a third source") with { Sources = [.. StudyMethods.Pair, "third"] },
            Of("first-same-tokenizer", "a teacher with the target's tokenizer") with { Sources = ["twin"] },
            Wide(Of("first-k20-same-tokenizer", "20 candidates of a teacher with the target's tokenizer")) with { Sources = ["twin"] },
            Widest(Of("first-k40-same-tokenizer", "40 candidates of a teacher with the target's tokenizer")) with { Sources = ["twin"] },
            Of("first-self", "the target teaches itself") with { Sources = [StudyMethods.Self] },
            Of("first-fresh", "no text twice") with { Run = StudyRun.Fresh },
            Of("first-chain", "the next token has the mass that the teacher gives to its bytes", Chain),
            Of("first-row", "each row from the source that is surer of it", "fusion-level", "row"),
            Of("first-row-avg", "each row a mixture by how sure the sources are", "fusion-level", "row", "fusion-function", "avg-ce"),
            Of("first-posterior", "mixture by the sources' posterior given the text so far", "fusion-level", "prefix", "fusion-function", "avg-ce"),
            Of("first-cool", "teachers' logits divided by 0.8") with { Sources = ["neox-cool", "mpt-cool"] },
            Of("first-warm", "teachers' logits divided by 1.25") with { Sources = ["neox-warm", "mpt-warm"] },
            .. Bytes(),
        ];
        return all.Select(static m => m with { Tier = StudyMethods.LastTier });
    }

    private static StudyMethod[] Bytes() =>
    [
        Of("first-byte", "projection byte", Byte),
        Of("first-byte-wide", "projection byte, fused rows of 32 tokens", [.. Byte, "fused-k", "32"]),
        Of("first-byte-boundary", "projection byte, transfer boundary", [.. Byte, .. Boundary]),
        Of("first-byte-chain", "projection byte, label-mass chain", [.. Byte, .. Chain]),
        Wide(Of("first-k20-byte", "20 candidates, projection byte", Byte)),
        Wide(Of("first-k20-boundary", "20 candidates, transfer boundary", Boundary)),
        Wide(Of("first-k20-byte-boundary", "20 candidates, projection byte, transfer boundary", [.. Byte, .. Boundary])),
        Widest(Of("first-k40-byte-boundary", "40 candidates, projection byte, transfer boundary", [.. Byte, .. Boundary])),
        .. Tails.Select(static t => Of("first-tail" + t, $"projection byte, byte-tail {t}", [.. Byte, "byte-tail", t])),
        Of("first-tail-boundary", "byte-tail 1, transfer boundary", [.. Tail, .. Boundary]),
        Of("first-tail-chain", "byte-tail 1, label-mass chain", [.. Tail, .. Chain]),
        Of("first-tail-chain-wide", "byte-tail 1, label-mass chain, fused rows of 32 tokens", [.. Tail, .. Chain, "fused-k", "32"]),
        Of("first-tail-w0.35", "byte-tail 1, w 0.35", [.. Tail, "loss-weight", "0.35"]),
        Of("first-tail-w0.65", "byte-tail 1, w 0.65", [.. Tail, "loss-weight", "0.65"]),
        Wide(Of("first-k20-tail", "20 candidates, byte-tail 1", Tail)),
        Wide(Of("first-k20-tail-boundary", "20 candidates, byte-tail 1, transfer boundary", [.. Tail, .. Boundary])),
        Wide(Of("first-k20-tail-chain", "20 candidates, byte-tail 1, label-mass chain", [.. Tail, .. Chain])),
        Widest(Of("first-k40-tail", "40 candidates, byte-tail 1", Tail)),
        Widest(Of("first-k40-tail-boundary", "40 candidates, byte-tail 1, transfer boundary", [.. Tail, .. Boundary])),
        Widest(Of("first-k40-tail-chain", "40 candidates, byte-tail 1, label-mass chain", [.. Tail, .. Chain])),
    ];

    private static StudyMethod Wide(StudyMethod method) => method with { Run = StudyRun.Wide };

    private static StudyMethod Widest(StudyMethod method) => method with { Run = StudyRun.Widest };

    private static StudyMethod Of(string name, string change, params string[] switches)
    {
        StudyMethod changes = StudyMethods.Of(name, EffectMethod.Search, change, switches), values = StudyMethods.Of(name, EffectMethod.Search, change, Values);
        return changes with { Switches = values.Switches.Concat(changes.Switches).GroupBy(static s => s.Key).ToDictionary(static g => g.Key, static g => g.Last().Value) };
    }
}
