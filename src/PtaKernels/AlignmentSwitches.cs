using System.Globalization;
using System.Text;

namespace PtaKernels;

/// <summary>One switch of <see cref="AlignmentOptions"/>: its command-line name, where the specification defines it, what it takes.</summary>
public sealed class AlignmentSwitch
{
    internal delegate void Setter(ref AlignmentOptions options, string value);

    private readonly Func<AlignmentOptions, string> _get;
    private readonly Setter _set;

    internal AlignmentSwitch(string name, string section, string help, string takes, Func<AlignmentOptions, string> get, Setter set)
    {
        Name = name;
        Section = section;
        Help = help;
        Takes = takes;
        _get = get;
        _set = set;
    }

    /// <summary>Name as typed after <c>--</c>.</summary>
    public string Name { get; }

    /// <summary>Section of the specification that defines it.</summary>
    public string Section { get; }

    /// <summary>One line on what it decides.</summary>
    public string Help { get; }

    /// <summary>The values it takes.</summary>
    public string Takes { get; }

    /// <summary>The value in a set of options, as text.</summary>
    public string Get(in AlignmentOptions options) => _get(options);

    /// <summary>Sets the value from text.</summary>
    /// <exception cref="ArgumentException">The text is none of <see cref="Takes"/>.</exception>
    public void Set(ref AlignmentOptions options, string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        _set(ref options, value);
    }
}

/// <summary>All switches, in the order of SPEC A2; also which combinations are refused.</summary>
public static class AlignmentSwitches
{
    /// <summary>Every switch once.</summary>
    public static IReadOnlyList<AlignmentSwitch> All { get; } =
    [
        Choice("pairing", "A3.1, B 3b.1", "how target positions find source positions", o => o.Pairing, (ref o, v) => o.Pairing = v),
        Choice("transfer", "A3.2, B 3b.2", "which source row a target row receives", o => o.Transfer, (ref o, v) => o.Transfer = v),
        Choice("fallback", "A2, B quirk 3.A", "what a row holds that no source reaches", o => o.Fallback, (ref o, v) => o.Fallback = v),
        Choice("cost", "A3.1, O3, O4", "what candidate distances are measured on", o => o.Cost, (ref o, v) => o.Cost = v),
        Number("embedding-share", "own", "share of the cosine distance under cost hybrid, 0..1", o => o.EmbeddingShare, (ref o, v) => o.EmbeddingShare = v),
        Choice("columns", "A3.3", "target candidates of a transport", o => o.Columns, (ref o, v) => o.Columns = v),
        Choice("mass", "A3.3, O6, O13", "probability a candidate carries", o => o.Mass, (ref o, v) => o.Mass = v),
        Choice("label-mass", "A3.3, own", "what mass the document's own next token has", o => o.LabelMass, (ref o, v) => o.LabelMass = v),
        Choice("transport", "A3.4, O1, O10", "coupling of source and target candidates", o => o.Transport, (ref o, v) => o.Transport = v),
        Choice("solver", "A3.4", "how transport balanced is solved: another way to the same answer", o => o.Solver, (ref o, v) => o.Solver = v),
        Choice("projection", "A3.4, Eq 5, A3.3", "plan to distribution, or byte: no plan, by the tokens that begin the text", o => o.Projection, (ref o, v) => o.Projection = v),
        Count("projection-columns", "A3.4", "r of projection topk", 1, TopKLogits.MaxK, o => o.ProjectionColumns, (ref o, v) => o.ProjectionColumns = v),
        Number("byte-tail", "A3.3, own", "bits that each byte beyond the candidate takes from a token outside the target's candidates, projection byte", o => o.ByteTail, (ref o, v) => o.ByteTail = v),
        Choice("output", "O8, O9", "unit of the fused values", o => o.Output, (ref o, v) => o.Output = v),
        Choice("sources", "A3.5", "how several sources meet", o => o.Sources, (ref o, v) => o.Sources = v),
        Choice("fusion-function", "A3.5, B 6", "choice between independent sources", o => o.Fusion, (ref o, v) => o.Fusion = v),
        Choice("fusion-level", "A3.5", "what the fusion function compares: bits per byte, a row's confidence, or the text so far", o => o.FusionLevel, (ref o, v) => o.FusionLevel = v),
        Flag("fill", "A3.5", "a row the chosen source misses goes to the next best", o => o.Fill, (ref o, v) => o.Fill = v),
        Flag("with-target", "A3.5, B 6", "the target's own distribution takes part in the choice", o => o.WithTarget, (ref o, v) => o.WithTarget = v),
        Count("window", "A3.3, O5, O7", "leading candidates used on each side; 0 = all given", 0, TopKLogits.MaxK, o => o.Window, (ref o, v) => o.Window = v),
        Count("fused-k", "A3.3", "tokens kept in a fused row; 0 = the target's k", 0, TopKLogits.MaxK, o => o.FusedK, (ref o, v) => o.FusedK = v),
        Number("epsilon", "A3.4, O11", "entropic regularisation in edits (official lambda = 1/epsilon)", o => o.Epsilon, (ref o, v) => o.Epsilon = v),
        Number("tolerance", "B 3b.3", "stop of the official loop", o => o.Tolerance, (ref o, v) => o.Tolerance = v),
        Number("temperature", "A3.3", "softmax temperature of both sides", o => o.Temperature, (ref o, v) => o.Temperature = v),
        Number("rho", "A3.4", "target penalty of transport unbalanced, in edits", o => o.Rho, (ref o, v) => o.Rho = v),
        Number("loss-weight", "A3.6, B 6", "weight w of the language-model loss in training", o => o.LossWeight, (ref o, v) => o.LossWeight = v),
    ];

    /// <summary>A switch by name.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static AlignmentSwitch Named(string name) =>
        All.FirstOrDefault(s => s.Name == name) ?? throw new ArgumentException($"switch '{name}' is unknown; pta explain-mode lists them.");

    /// <summary>Refuses combinations that have no meaning, by name (SPEC A3.4, A3.5).</summary>
    /// <exception cref="ArgumentException">One sentence: which switches, and which one to change.</exception>
    public static void Validate(in AlignmentOptions options)
    {
        bool constrained = options.Transport is TransportKind.Balanced or TransportKind.Exact;
        string transport = Kebab(options.Transport.ToString());
        if (options.Projection == ProjectionRule.Byte)
            ValidateByte(options, transport);
        if (constrained && options.Mass != MassRule.Renormalised)
            Refuse($"transport {transport} needs equal masses on both sides", "--mass renormalised");
        if (constrained && options.Columns != CandidateColumns.TargetTopk)
            Refuse($"transport {transport} has no mass for added columns", "--columns target-topk");
        if (options.Solver != TransportSolver.Newton && options.Transport != TransportKind.Balanced)
            Refuse($"solver {Kebab(options.Solver.ToString())} solves transport balanced, not {transport}", "--solver newton, or --transport balanced");
        if (options.Sources == SourceMerging.Recursive && options.Transport is TransportKind.SemiRelaxed or TransportKind.None)
            Refuse($"sources recursive with transport {transport} would let the last source overwrite the better ones", "--sources independent --fusion-function min-ce");
        if (options.Sources == SourceMerging.Recursive && options.Output == OutputUnit.Official)
            Refuse("sources recursive passes probabilities on", "--output probabilities");
        if (options.Sources == SourceMerging.Recursive && options.Fusion != FusionFunction.None)
            Refuse($"fusion-function {Kebab(options.Fusion.ToString())} chooses between independent sources", "--fusion-function none");
        if (options.Sources == SourceMerging.Independent && options.Fusion == FusionFunction.None)
            Refuse("sources independent needs a choice between them", "--fusion-function min-ce");
        if (options.Output == OutputUnit.Official && options.Fusion is FusionFunction.MinCe or FusionFunction.AvgCe)
            Refuse($"fusion-function {Kebab(options.Fusion.ToString())} compares sources, and values of output official are not comparable", "--output probabilities");
        if (options.Output == OutputUnit.Probabilities && options.Fusion == FusionFunction.OfficialMinCe)
            Refuse("fusion-function official-min-ce reads columns of output official", "--fusion-function min-ce");
        if (options.Transfer == TransferRule.BoundaryPrefix && options.Cost == CandidateCost.OfficialStrings)
            Refuse("transfer boundary+prefix strips text that official strings do not have", "--cost texts");
        if (options.Transfer == TransferRule.StringHard && options.Cost != CandidateCost.OfficialStrings)
            Refuse("transfer string-hard moves candidates by their strings", "--cost official-strings");
        if (Rules.SemanticCosts.Reads(options.Cost) && (options.Transport == TransportKind.None || options.Projection == ProjectionRule.Byte))
            Refuse($"cost {Kebab(options.Cost.ToString())} is read by transports only", "--projection top1 with --transport semi-relaxed, or --cost texts");
        if (options.EmbeddingShare is not (>= 0 and <= 1))
            throw new ArgumentException($"--embedding-share is {options.EmbeddingShare.ToString(CultureInfo.InvariantCulture)}; it must be 0..1.");
        if (options.Columns == CandidateColumns.Union && options.Cost == CandidateCost.OfficialStrings)
            Refuse("columns union adds nearest tokens by text", "--cost texts");
        if (options.Mass == MassRule.Tail && options.Output == OutputUnit.Official)
            Refuse("mass tail needs true probabilities", "--output probabilities");
        if (options.Mass == MassRule.Tail && options.Temperature != 1)
            Refuse("mass tail needs the log-sum-exp at the same temperature and the input holds it at temperature 1", "--mass renormalised");
        if (options.LabelMass == LabelMass.Chain)
            ValidateChain(options);
        RequirePositive("epsilon", options.Epsilon);
        RequirePositive("tolerance", options.Tolerance);
        RequirePositive("temperature", options.Temperature);
        RequirePositive("rho", options.Rho);
        if (options.LossWeight is not (>= 0 and <= 1))
            throw new ArgumentException($"--loss-weight is {options.LossWeight.ToString(CultureInfo.InvariantCulture)}; it must be 0..1.");
    }

    private static void ValidateByte(in AlignmentOptions options, string transport)
    {
        if (options.Transport != TransportKind.SemiRelaxed)
            Refuse($"projection byte has no costs that transport {transport} could read; like semi-relaxed it keeps the source's marginal only", "--projection top1, or --transport semi-relaxed");
        if (options.Columns != CandidateColumns.Union)
            Refuse("projection byte gives mass to the target's candidates and to every token that begins a candidate's bytes, which columns target-topk does not allow", "--projection top1, or --columns union");
        if (options.Cost == CandidateCost.OfficialStrings)
            Refuse("projection byte reads the candidates' texts", "--cost texts");
        if (options.Output == OutputUnit.Official)
            Refuse("projection byte gives probabilities", "--output probabilities");
        if (options.Sources == SourceMerging.Recursive)
            Refuse("projection byte takes no columns, so sources recursive would let the last source overwrite the better ones", "--sources independent --fusion-function min-ce");
        if (options.ByteTail is not (>= 0 and <= 64))
            throw new ArgumentException($"--byte-tail is {options.ByteTail.ToString(CultureInfo.InvariantCulture)}; it must be 0..64 bits per byte.");
    }

    private static void ValidateChain(in AlignmentOptions options)
    {
        if (options.Output == OutputUnit.Official)
            Refuse("label-mass chain changes probabilities, and output official holds masses and logits", "--label-mass candidates, or --output probabilities");
        if (options.Sources == SourceMerging.Recursive)
            Refuse("label-mass chain gives each source's own probability, and sources recursive folds them into one another", "--sources independent --fusion-function min-ce");
        if (options.Mass != MassRule.Tail)
            Refuse($"label-mass chain needs true probabilities, which mass {Kebab(options.Mass.ToString())} does not have", "--mass tail");
        if (options.Transfer is not (TransferRule.Boundary or TransferRule.BoundaryPrefix))
            Refuse($"label-mass chain follows the bytes after equal offsets, which transfer {Kebab(options.Transfer.ToString())} does not look for", "--transfer boundary+prefix");
    }

    /// <summary>An enumeration name as it is typed and printed: lower case, words joined by hyphens.</summary>
    public static string Kebab(string name)
    {
        if (name == nameof(TransferRule.BoundaryPrefix))
            return "boundary+prefix"; // the specification's name for rules (a) and (b) together
        var text = new StringBuilder(name.Length + 4);
        foreach (char c in name)
        {
            if (char.IsUpper(c) && text.Length > 0)
                text.Append('-');
            text.Append(char.ToLowerInvariant(c));
        }

        return text.ToString();
    }

    private delegate void Assign<T>(ref AlignmentOptions options, T value);

    private static AlignmentSwitch Choice<T>(string name, string section, string help, Func<AlignmentOptions, T> get, Assign<T> set)
        where T : struct, Enum
    {
        string takes = string.Join(" | ", Enum.GetNames<T>().Select(Kebab));
        return new AlignmentSwitch(name, section, help, takes, o => Kebab(get(o).ToString()), (ref o, text) =>
        {
            foreach (T value in Enum.GetValues<T>())
            {
                if (Kebab(value.ToString()) == text)
                {
                    set(ref o, value);
                    return;
                }
            }

            throw new ArgumentException($"--{name} '{text}' is unknown; use {takes}.");
        });
    }

    private static AlignmentSwitch Flag(string name, string section, string help, Func<AlignmentOptions, bool> get, Assign<bool> set) =>
        new(name, section, help, "on | off", o => get(o) ? "on" : "off", (ref o, text) => set(ref o, text switch
        {
            "on" => true,
            "off" => false,
            _ => throw new ArgumentException($"--{name} '{text}' is unknown; use on | off."),
        }));

    private static AlignmentSwitch Count(string name, string section, string help, int low, int high, Func<AlignmentOptions, int> get, Assign<int> set) =>
        new(name, section, help, $"{low}..{high}", o => get(o).ToString(CultureInfo.InvariantCulture), (ref o, text) =>
        {
            if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) || value < low || value > high)
                throw new ArgumentException($"--{name} '{text}' must be a whole number {low}..{high}.");
            set(ref o, value);
        });

    private static AlignmentSwitch Number(string name, string section, string help, Func<AlignmentOptions, double> get, Assign<double> set) =>
        new(name, section, help, "number or 1/N", o => Format(get(o)), (ref o, text) =>
        {
            bool reciprocal = text.StartsWith("1/", StringComparison.Ordinal);
            if (!double.TryParse(reciprocal ? text.AsSpan(2) : text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) || !double.IsFinite(value))
                throw new ArgumentException($"--{name} '{text}' must be a number, or 1/N.");
            set(ref o, reciprocal ? 1 / value : value);
        });

    /// <summary>All digits; 1/N where the value is exactly that and the decimals would not end (1/30, the official lambda's reciprocal).</summary>
    private static string Format(double value)
    {
        string decimals = value.ToString("R", CultureInfo.InvariantCulture);
        double n = Math.Round(1 / value);
        return decimals.Length > 8 && n is > 1 and < 1e6 && 1 / n == value ? $"1/{n.ToString(CultureInfo.InvariantCulture)}" : decimals;
    }

    private static void Refuse(string why, string instead) => throw new ArgumentException($"{why}: use {instead}.");

    private static void RequirePositive(string name, double value)
    {
        if (!(value > 0) || !double.IsFinite(value))
            throw new ArgumentException($"--{name} is {value.ToString(CultureInfo.InvariantCulture)}; it must be a number over 0.");
    }
}
