namespace PtaKernels.Rules;

/// <summary>Which switches the fused documents of the native and GPU backends are made for: those that decide a form have its values, the others are free.</summary>
internal static class FusedPreset
{
    /// <summary>Preset <c>reference</c>.</summary>
    public const int Reference = 0;

    /// <summary>Preset <c>paper</c>.</summary>
    public const int Paper = 1;

    /// <summary>Preset <c>fusion</c> with projection top1.</summary>
    public const int Transport = 2;

    /// <summary>Preset <c>fusion</c> with projection byte.</summary>
    public const int Bytes = 3;

    private static readonly string[] Deciding = ["pairing", "transfer", "cost", "columns", "mass", "transport", "projection", "output"];

    private static readonly (string Name, AlignmentOptions Options)[] Forms =
    [
        ("reference", AlignmentPreset.Reference),
        ("paper", AlignmentPreset.Paper),
        ("fusion", AlignmentPreset.Fusion with { Projection = ProjectionRule.Top1 }),
        ("fusion", AlignmentPreset.Fusion with { Projection = ProjectionRule.Byte }),
    ];

    /// <summary>Whether a form goes by boundaries of bytes: rules (a) and (b) of SPEC A3.2, or (a) alone.</summary>
    public static bool GoesByBoundaries(int form) => form is Transport or Bytes;

    /// <summary>The form that the options are, or -1.</summary>
    public static int Match(in AlignmentOptions options)
    {
        for (int form = 0; form < Forms.Length; form++)
        {
            if (!Differing(form, options).Any())
                return form;
        }

        return -1;
    }

    /// <summary>The sentence for options that are no form: which switches stand against the nearest one.</summary>
    public static string WhyStepwise(string backend, AlignmentOptions options)
    {
        (string name, string[] differing) = Enumerable.Range(0, Forms.Length).Select(form => (Forms[form].Name, Differing: Differing(form, options).ToArray())).MinBy(static f => f.Differing.Length);
        string switches = string.Join(", ", differing.Select(d => $"{d} {AlignmentSwitches.Named(d).Get(options)}"));
        return $"backend {backend}: {switches} {(differing.Length == 1 ? "is" : "are")} not preset {name}'s, so documents are aligned step by step: the same results, more slowly.";
    }

    private static IEnumerable<string> Differing(int form, AlignmentOptions options)
    {
        AlignmentOptions made = Forms[form].Options;
        return Deciding.Where(name => name switch
        {
            "transfer" when GoesByBoundaries(form) => options.Transfer is not (TransferRule.Boundary or TransferRule.BoundaryPrefix),
            "mass" when GoesByBoundaries(form) => options.Mass is not (MassRule.Tail or MassRule.Renormalised),
            _ => AlignmentSwitches.Named(name).Get(options) != AlignmentSwitches.Named(name).Get(made),
        });
    }
}
