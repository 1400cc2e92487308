namespace PtaKernels;

/// <summary>How target positions are paired with source positions (SPEC A2, A3.1).</summary>
public enum PairingRule : byte
{
    /// <summary>Dynamic time warping over official token strings, own marker removed (SPEC B 3b.1).</summary>
    DtwStrings,

    /// <summary>Dynamic time warping over decoded texts; special tokens by role.</summary>
    DtwTexts,

    /// <summary>Tokens whose byte spans overlap; <see cref="DtwTexts"/> where the two decoded texts differ.</summary>
    ByteOffsets,
}

/// <summary>Which source row, if any, a target row receives (SPEC A3.2).</summary>
public enum TransferRule : byte
{
    /// <summary>FuseLLM hard: one source token whose string is the same (SPEC B 3b.2).</summary>
    StringHard,

    /// <summary>FuseLLM soft and the official PTA: the same string, or the mapped one.</summary>
    String,

    /// <summary>The published figure: last source row of a paired group to its last target row.</summary>
    Groups,

    /// <summary>Rule (a): the source token that ends at the same byte.</summary>
    Boundary,

    /// <summary>Rules (a) and (b): else the candidates of the row before that continue the text, prefix stripped.</summary>
    BoundaryPrefix,
}

/// <summary>What stands in a row that no source reaches (SPEC A2).</summary>
public enum FallbackRule : byte
{
    /// <summary>Probability 1 on the CURRENT token: the official code's quirk 3.A.</summary>
    OneHotCurrent,

    /// <summary>Nothing: the trainer leaves the row out.</summary>
    Mask,

    /// <summary>Probability 1 on the next token; the last row is masked.</summary>
    Label,

    /// <summary>The target's own distribution.</summary>
    Target,
}

/// <summary>What a candidate's cost is measured on.</summary>
public enum CandidateCost : byte
{
    /// <summary>Mapped target strings against target strings, markers removed as the official code does (O3, O4).</summary>
    OfficialStrings,

    /// <summary>Edit distance of the true texts.</summary>
    Texts,

    /// <summary>Cosine distance of the tokens' vectors in a common space (own rule; <see cref="Rules.SemanticCosts"/>).</summary>
    Embedding,

    /// <summary>A mean of that and of the edits per symbol, by <see cref="AlignmentOptions.EmbeddingShare"/>.</summary>
    Hybrid,
}

/// <summary>The target side of a transport (SPEC A3.3).</summary>
public enum CandidateColumns : byte
{
    /// <summary>The target's top-k.</summary>
    TargetTopk,

    /// <summary>The target's top-k and each source candidate's nearest target token, at most 64 in all.</summary>
    Union,
}

/// <summary>What probability a candidate carries (SPEC A3.3).</summary>
public enum MassRule : byte
{
    /// <summary>Softmax over all k, cut to the window, not renormalised (O6).</summary>
    Official,

    /// <summary>Softmax over the candidates used.</summary>
    Renormalised,

    /// <summary>True probabilities exp(logit - log-sum-exp); what the candidates miss stays missing.</summary>
    Tail,
}

/// <summary>What mass the document's own next token has in a row (own rule, after SPEC A3.3).</summary>
public enum LabelMass : byte
{
    /// <summary>What the candidates bring to it, as to every token.</summary>
    Candidates,

    /// <summary>The probability that the source gives to its bytes, by the chain rule over the source's own tokens.</summary>
    Chain,
}

/// <summary>The coupling of source and target candidates (SPEC A3.4).</summary>
public enum TransportKind : byte
{
    /// <summary>No transport: each candidate goes to its mapped token (FuseLLM).</summary>
    None,

    /// <summary>The official loop, stopped by its own test (SPEC B 3b.3).</summary>
    Official,

    /// <summary>Entropic transport with both marginals, certified.</summary>
    Balanced,

    /// <summary>Source marginal only, closed form.</summary>
    SemiRelaxed,

    /// <summary>Source exact, target by a Kullback-Leibler penalty.</summary>
    Unbalanced,

    /// <summary>The unregularised optimum with integer duals.</summary>
    Exact,
}

/// <summary>How a balanced plan is found (SPEC A3.4): another way to the same answer.</summary>
public enum TransportSolver : byte
{
    /// <summary>Damped Newton on the semi-dual.</summary>
    Newton,

    /// <summary>Greedy Sinkhorn updates, finished by Newton.</summary>
    Greenkhorn,
}

/// <summary>How a plan becomes a distribution (SPEC A3.4; paper Eq 5).</summary>
public enum ProjectionRule : byte
{
    /// <summary>Each row's mass on its heaviest column, first on ties.</summary>
    Top1,

    /// <summary>Each row's mass on its r heaviest columns.</summary>
    Topk,

    /// <summary>Column sums.</summary>
    Barycentric,

    /// <summary>Instead of costs and transport: each candidate's mass on the target tokens that begin its bytes (SPEC A3.3).</summary>
    Byte,
}

/// <summary>The unit of the fused values.</summary>
public enum OutputUnit : byte
{
    /// <summary>Masses, logits and ones in one column, in order of first appearance (O8, O9).</summary>
    Official,

    /// <summary>Probabilities, heaviest first.</summary>
    Probabilities,
}

/// <summary>How several sources meet (SPEC A3.5).</summary>
public enum SourceMerging : byte
{
    /// <summary>Each source against the target; the fusion function chooses.</summary>
    Independent,

    /// <summary>Each source against the result of the better ones before it.</summary>
    Recursive,
}

/// <summary>How independent sources are chosen between (SPEC A3.5, B 6).</summary>
public enum FusionFunction : byte
{
    /// <summary>Nothing to choose.</summary>
    None,

    /// <summary>The official choice, made by the trainer from bf16 rewards; alignment keeps every source's columns.</summary>
    OfficialMinCe,

    /// <summary>The source with the fewest bits per byte.</summary>
    MinCe,

    /// <summary>A mixture weighted by softmax of minus the bits per byte.</summary>
    AvgCe,
}

/// <summary>What the fusion function compares.</summary>
public enum FusionLevel : byte
{
    /// <summary>Whole documents.</summary>
    Document,

    /// <summary>The source tokens that cover the label's bytes.</summary>
    Token,

    /// <summary>Each row's own confidence, the mass of its heaviest token; reads no labels (own rule).</summary>
    Row,

    /// <summary>What each source gave to the text up to the row: AvgCE's weights are then the posterior of the sources (own rule).</summary>
    Prefix,
}

/// <summary>Every switch of the alignment as one flat, blittable struct (SPEC A1, A2). Start from an <see cref="AlignmentPreset"/>; <see cref="AlignmentSwitches"/> names each field.</summary>
public struct AlignmentOptions
{
    /// <summary>Pairing.</summary>
    public PairingRule Pairing;

    /// <summary>Step transfer.</summary>
    public TransferRule Transfer;

    /// <summary>What an unreached row holds.</summary>
    public FallbackRule Fallback;

    /// <summary>Candidate cost.</summary>
    public CandidateCost Cost;

    /// <summary>Target side of a transport.</summary>
    public CandidateColumns Columns;

    /// <summary>Candidate mass.</summary>
    public MassRule Mass;

    /// <summary>Mass of the document's own next token.</summary>
    public LabelMass LabelMass;

    /// <summary>Coupling.</summary>
    public TransportKind Transport;

    /// <summary>Solver of <see cref="TransportKind.Balanced"/>.</summary>
    public TransportSolver Solver;

    /// <summary>Plan to distribution.</summary>
    public ProjectionRule Projection;

    /// <summary>Unit of the result.</summary>
    public OutputUnit Output;

    /// <summary>Several sources.</summary>
    public SourceMerging Sources;

    /// <summary>Choice between independent sources.</summary>
    public FusionFunction Fusion;

    /// <summary>Level of that choice.</summary>
    public FusionLevel FusionLevel;

    /// <summary>A row that the chosen source does not reach goes to the next best that does.</summary>
    public bool Fill;

    /// <summary>The target's own distribution takes part in the choice.</summary>
    public bool WithTarget;

    /// <summary>Leading candidates used on each side (the official <c>logits_number</c>); 0 = all that are given.</summary>
    public int Window;

    /// <summary>Heaviest tokens kept in a fused row; 0 = the target's k.</summary>
    public int FusedK;

    /// <summary>r of <see cref="ProjectionRule.Topk"/>, 1..64.</summary>
    public int ProjectionColumns;

    /// <summary>Entropic regularisation in edits; the official lambda is 1 / epsilon.</summary>
    public double Epsilon;

    /// <summary>Stop of the official loop on the change of its row sums.</summary>
    public double Tolerance;

    /// <summary>Limit of the official loop's bodies; it has none of its own.</summary>
    public int MaxIterations;

    /// <summary>Softmax temperature of both sides.</summary>
    public double Temperature;

    /// <summary>
    /// What each byte by which a token is longer than the candidate costs its share under <see cref="ProjectionRule.Byte"/>, in bits, 0..64, where the token is not
    /// among the target's own candidates of the row; 0 is SPEC A3.3's constant share, more is our own rule.
    /// </summary>
    public double ByteTail;

    /// <summary>Weight of the target penalty in edits (<see cref="TransportKind.Unbalanced"/>).</summary>
    public double Rho;

    /// <summary>Share of the cosine distance under cost <see cref="CandidateCost.Hybrid"/>, 0..1; counted in whole hundredths.</summary>
    public double EmbeddingShare;

    /// <summary>Weight w of the language-model loss in training (SPEC A3.6); alignment only records it.</summary>
    public double LossWeight;

    /// <summary>Also compute the teacher signal kept (SPEC A3.4), which needs nearest tokens of all source candidates.</summary>
    public bool MeasureSignal;

    /// <summary>What an edit counts in the cost matrices of a transport: 1, or the hundredths of costs <c>embedding</c> and <c>hybrid</c>.</summary>
    public readonly int CostUnit => Rules.SemanticCosts.Reads(Cost) ? Rules.SemanticCosts.Unit : 1;

    /// <summary>The transport's own parameters, in the unit of its cost matrices.</summary>
    public readonly TransportOptions TransportOptions => new(Transport, Epsilon * CostUnit, Tolerance, MaxIterations, Rho * CostUnit, Solver);
}

/// <summary>Parameters of <see cref="IKernelBackend.SolveTransport(in CostMatrix{byte}, in Marginals, in TransportOptions, in TransportPlan, Span{TransportOutcome})"/>.</summary>
/// <param name="Kind">The coupling; <see cref="TransportKind.None"/> is an error here.</param>
/// <param name="Epsilon">Entropic regularisation, over 0.</param>
/// <param name="Tolerance">Stop of the official loop.</param>
/// <param name="MaxIterations">Limit of the official loop.</param>
/// <param name="Rho">Target penalty of the unbalanced transport, over 0.</param>
/// <param name="Solver">Solver of the balanced transport; <see cref="TransportSolver.Newton"/> with every other kind.</param>
public readonly record struct TransportOptions(
    TransportKind Kind, double Epsilon = 1.0 / 30, double Tolerance = 1e-5, int MaxIterations = 1_000_000, double Rho = 0.05, TransportSolver Solver = TransportSolver.Newton);
