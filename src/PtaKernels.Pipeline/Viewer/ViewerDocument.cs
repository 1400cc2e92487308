namespace PtaKernels.Pipeline;

/// <summary>
/// One document as the viewer shows it, serialised as it is. Token texts stand once in <see cref="Texts"/>; all else names them by their index. Masses are whole
/// numbers of 1e-5 with at most four digits that count, -1 where they are no number.
/// </summary>
internal sealed record ViewerDocument
{
    /// <summary>What one unit of a mass stands for.</summary>
    public const double MassUnit = 1e-5;

    /// <summary>What one unit of a share stands for, of the mass of its candidate.</summary>
    public const double ShareUnit = 1e-4;

    /// <summary>What the list and the viewer call it.</summary>
    public required string Title { get; init; }

    /// <summary>The target's vocabulary.</summary>
    public required string Target { get; init; }

    /// <summary>[sources] their names.</summary>
    public required string[] Sources { get; init; }

    /// <summary>Whether steps are shares by bytes instead of transport plans.</summary>
    public required bool ByBytes { get; init; }

    /// <summary>What the reader must know about the rows as a whole; null = nothing.</summary>
    public string? Note { get; init; }

    /// <summary>Mean teacher signal kept over the rows that have one, 0..1; null where none has.</summary>
    public double? SignalKept { get; init; }

    /// <summary>Rows that received something from a source.</summary>
    public required int Transferred { get; init; }

    /// <summary>Token texts, made visible.</summary>
    public required string[] Texts { get; init; }

    /// <summary>[target tokens] index of the text.</summary>
    public required int[] TargetTokens { get; init; }

    /// <summary>[sources][source tokens] index of the text.</summary>
    public required int[][] SourceTokens { get; init; }

    /// <summary>[sources][target tokens] how many source tokens stand below a target token.</summary>
    public required int[][] Cells { get; init; }

    /// <summary>[target tokens].</summary>
    public required ViewerRow[] Rows { get; init; }

    /// <summary>Aligns a document and takes each of its rows apart.</summary>
    /// <param name="backend">The kernels.</param>
    /// <param name="sources">The giving models.</param>
    /// <param name="options">All switches; the signal is measured in any case.</param>
    /// <param name="target">The target's view.</param>
    /// <param name="views">Each source's view, in the order of <paramref name="sources"/>.</param>
    /// <param name="title">What the list and the viewer call it.</param>
    /// <param name="order">Indices of <paramref name="sources"/>, best first (SPEC A3.5); null = as listed.</param>
    /// <exception cref="AlignmentDataException">Bad input of SPEC A5, or what the rules give now is not what the alignment gave.</exception>
    public static ViewerDocument Of(
        IKernelBackend backend, IReadOnlyList<Alignment.AlignmentSource> sources, AlignmentOptions options, TokenizedDocument target, IReadOnlyList<TokenizedDocument> views,
        string title, IReadOnlyList<int>? order = null)
    {
        options.MeasureSignal = true;
        return new ViewerRows(ViewerAlignment.Of(backend, sources, options, target, views, order ?? [.. Enumerable.Range(0, sources.Count)]), backend, sources, options).Document(title);
    }
}

/// <summary>A target row.</summary>
internal sealed record ViewerRow
{
    /// <summary>The rule's letter.</summary>
    public required string Rule { get; init; }

    /// <summary>
    /// The row as the student sees it beside the target's own: text, fused mass, own mass, text ..., by fused mass. The heaviest
    /// <see cref="ViewerRows.MostTokens"/> of each side and the document's next token are in it; own is null where the target's candidates lack the token, and
    /// everywhere in a row that received nothing. Null when masked.
    /// </summary>
    public int?[]? Tokens { get; init; }

    /// <summary>Fused tokens left out, and their mass; null when none is.</summary>
    public int[]? LeftOut { get; init; }

    /// <summary>Teacher signal kept in per mille; null where it is not measured.</summary>
    public int? Kept { get; init; }

    /// <summary>Missing mass in units.</summary>
    public int? Missing { get; init; }

    /// <summary>What the sources gave: one step, several in a mixture, null where nothing was received.</summary>
    public ViewerStep[]? Steps { get; init; }
}

/// <summary>One source's row on its way to a target row.</summary>
internal sealed record ViewerStep
{
    /// <summary>Index of the source.</summary>
    public required int Source { get; init; }

    /// <summary>Its row.</summary>
    public required int From { get; init; }

    /// <summary>The rule's letter, which differs from the row's in a mixture.</summary>
    public required string Rule { get; init; }

    /// <summary>Source candidates: text, mass, text, mass ..., heaviest first, at most <see cref="ViewerRows.MostCandidates"/>.</summary>
    public required int[] Candidates { get; init; }

    /// <summary>Candidates left out, and their mass; null when none is.</summary>
    public int[]? LeftOut { get; init; }

    /// <summary>Texts of the target tokens that received something, the most first, at most <see cref="ViewerRows.MostCandidates"/>; null where candidates were only moved.</summary>
    public int[]? Columns { get; init; }

    /// <summary>Columns left out; null when none is.</summary>
    public int? ColumnsLeftOut { get; init; }

    /// <summary>The plan, or the shares by bytes, where 1e-4 or more moves: candidate, column, share of the candidate's mass in 1e-4.</summary>
    public int[]? Shares { get; init; }

    /// <summary>Mass in units that shares by bytes gave to tokens too light to be kept; null when none.</summary>
    public int? NotKept { get; init; }

    /// <summary>How the transport ended; null where none ran.</summary>
    public string? Certificate { get; init; }

    /// <summary>Kept share of rule (b) in per mille; null when 1.</summary>
    public int? Kappa { get; init; }

    /// <summary>The source's missing mass in units; null when 0.</summary>
    public int? Missing { get; init; }
}
