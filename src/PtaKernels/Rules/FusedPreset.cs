namespace PtaKernels.Rules;

/// <summary>Which switches the fused documents of the native and GPU backends are made for: those that decide a preset have its values, the others are free.</summary>
internal static class FusedPreset
{
    /// <summary>The deciding switches; mass is one of them except between the two that preset <c>fusion</c> offers.</summary>
    private static readonly string[] Deciding = ["pairing", "transfer", "cost", "columns", "mass", "transport", "projection", "output"];

    private static readonly (string Name, AlignmentOptions Options)[] Presets = [.. AlignmentPreset.Names.Select(static n => (n, AlignmentPreset.Named(n)))];

    /// <summary>The preset that the options are, as its place in <see cref="AlignmentPreset.Names"/>, or -1.</summary>
    public static int Match(in AlignmentOptions options)
    {
        for (int p = 0; p < Presets.Length; p++)
        {
            if (Decides(options, Presets[p].Options))
                return p;
        }

        return -1;
    }

    /// <summary>Preset <c>reference</c>.</summary>
    public const int Reference = 0;

    /// <summary>Preset <c>paper</c>.</summary>
    public const int Paper = 1;

    /// <summary>Preset <c>fusion</c>.</summary>
    public const int Fusion = 2;

    /// <summary>The sentence for options that are no preset: which switches stand against the nearest one.</summary>
    public static string WhyStepwise(string backend, in AlignmentOptions options)
    {
        AlignmentOptions given = options;
        (string name, string[] differing) = Presets
            .Select(p => (p.Name, Differing: Deciding.Where(d => Differs(d, given, p.Options)).ToArray()))
            .MinBy(static p => p.Differing.Length);
        string switches = string.Join(", ", differing.Select(d => $"{d} {AlignmentSwitches.Named(d).Get(given)}"));
        return $"backend {backend}: {switches} {(differing.Length == 1 ? "is" : "are")} not preset {name}'s, so documents are aligned step by step: the same results, more slowly.";
    }

    private static bool Decides(in AlignmentOptions options, in AlignmentOptions preset) =>
        options.Pairing == preset.Pairing && options.Transfer == preset.Transfer && options.Cost == preset.Cost && options.Columns == preset.Columns
        && options.Transport == preset.Transport && options.Projection == preset.Projection && options.Output == preset.Output && SameMass(options, preset);

    private static bool SameMass(in AlignmentOptions options, in AlignmentOptions preset) =>
        options.Mass == preset.Mass || (preset.Mass == MassRule.Tail && options.Mass == MassRule.Renormalised);

    private static bool Differs(string name, in AlignmentOptions options, in AlignmentOptions preset)
    {
        if (name == "mass")
            return !SameMass(options, preset);
        AlignmentSwitch one = AlignmentSwitches.Named(name);
        return one.Get(options) != one.Get(preset);
    }
}
