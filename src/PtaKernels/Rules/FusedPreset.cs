namespace PtaKernels.Rules;

/// <summary>Which switches the fused documents of the native and GPU backends are made for: those that decide a form have its values, the others are free.</summary>
/// <remarks>
/// A backend whose fused documents take <c>everyPlan</c>, as the native one's do, has paper with either solver, fusion with transport unbalanced instead of
/// semi-relaxed, and both with every projection of a plan.
/// </remarks>
public static class FusedPreset
{
    /// <summary>Preset <c>reference</c>.</summary>
    public const int Reference = 0;

    /// <summary>Preset <c>paper</c>.</summary>
    public const int Paper = 1;

    /// <summary>Preset <c>fusion</c> with projection top1.</summary>
    public const int Transport = 2;

    /// <summary>Preset <c>fusion</c> with projection byte.</summary>
    public const int Bytes = 3;

    private static readonly (string Name, Same Same)[] Deciding =
    [
        ("pairing", static (in o, in made) => o.Pairing == made.Pairing),
        ("transfer", static (in o, in made) => o.Transfer == made.Transfer || (IsByBoundaries(made) && IsByBoundaries(o))),
        ("cost", static (in o, in made) => o.Cost == made.Cost || (made.Cost == CandidateCost.Texts && made.Projection != ProjectionRule.Byte && SemanticCosts.Reads(o.Cost))),
        ("columns", static (in o, in made) => o.Columns == made.Columns),
        ("mass", static (in o, in made) => o.Mass == made.Mass || (made.Mass == MassRule.Tail && o.Mass == MassRule.Renormalised)),
        ("transport", static (in o, in made) => o.Transport == made.Transport),
        ("solver", static (in o, in made) => o.Solver == made.Solver),
        ("projection", static (in o, in made) => o.Projection == made.Projection),
        ("output", static (in o, in made) => o.Output == made.Output),
    ];

    private static readonly (string Name, AlignmentOptions Options)[] Forms =
    [
        ("reference", AlignmentPreset.Reference),
        ("paper", AlignmentPreset.Paper),
        ("fusion", AlignmentPreset.Fusion with { Projection = ProjectionRule.Top1 }),
        ("fusion", AlignmentPreset.Fusion with { Projection = ProjectionRule.Byte }),
    ];

    /// <summary>What <c>everyPlan</c> asks of these switches instead.</summary>
    private static readonly Dictionary<string, Same> EveryPlan = new()
    {
        ["transport"] = static (in o, in made) => o.Transport == made.Transport || (FormsPlans(made) && made.Transport == TransportKind.SemiRelaxed && o.Transport == TransportKind.Unbalanced),
        ["solver"] = static (in o, in made) => o.Solver == made.Solver || made.Transport == TransportKind.Balanced,
        ["projection"] = static (in o, in made) => o.Projection == made.Projection || (FormsPlans(made) && o.Projection is ProjectionRule.Topk or ProjectionRule.Barycentric),
    };

    /// <summary>Whether a switch of some options is as a form is made for it.</summary>
    private delegate bool Same(in AlignmentOptions options, in AlignmentOptions made);

    /// <summary>Whether a form goes by boundaries of bytes: rules (a) and (b) of SPEC A3.2, or (a) alone.</summary>
    public static bool GoesByBoundaries(int form) => form is Transport or Bytes;

    /// <summary>The form that the options are, or -1.</summary>
    /// <param name="options">All switches.</param>
    /// <param name="everyPlan">Whether the backend's forms take every plan and projection of one.</param>
    public static int Match(in AlignmentOptions options, bool everyPlan = false)
    {
        for (int form = 0; form < Forms.Length; form++)
        {
            bool all = true;
            foreach ((string name, Same same) in Deciding)
                all &= Asks(name, same, everyPlan)(options, Forms[form].Options);
            if (all)
                return form;
        }

        return -1;
    }

    /// <summary>The sentence for options that are no form: which switches stand against the nearest one.</summary>
    /// <param name="backend">Its name.</param>
    /// <param name="options">All switches.</param>
    /// <param name="everyPlan">As for <see cref="Match"/>.</param>
    public static string WhyStepwise(string backend, AlignmentOptions options, bool everyPlan = false)
    {
        (string name, string[] differing) = Forms
            .Select(form => (form.Name, Differing: Deciding.Where(d => !Asks(d.Name, d.Same, everyPlan)(options, form.Options)).Select(static d => d.Name).ToArray())).MinBy(static f => f.Differing.Length);
        string switches = string.Join(", ", differing.Select(d => $"{d} {AlignmentSwitches.Named(d).Get(options)}"));
        return $"backend {backend}: {switches} {(differing.Length == 1 ? "is" : "are")} not preset {name}'s, so documents are aligned step by step: the same results, more slowly.";
    }

    private static Same Asks(string name, Same same, bool everyPlan) => everyPlan && EveryPlan.TryGetValue(name, out Same? wider) ? wider : same;

    private static bool FormsPlans(in AlignmentOptions form) => form.Output == OutputUnit.Probabilities && form.Projection == ProjectionRule.Top1;

    private static bool IsByBoundaries(in AlignmentOptions options) => options.Transfer is TransferRule.Boundary or TransferRule.BoundaryPrefix;
}
