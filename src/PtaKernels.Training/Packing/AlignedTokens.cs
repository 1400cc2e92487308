namespace PtaKernels.Training;

/// <summary>A document of an alignment with fused rows: what position t is taught about token t + 1.</summary>
internal sealed record AlignedTokens
{
    /// <summary>Its name.</summary>
    public required string Id { get; init; }

    /// <summary>[length] tokens.</summary>
    public required int[] Ids { get; init; }

    /// <summary>[length + 1] where each row starts; a masked row is empty.</summary>
    public required int[] Offsets { get; init; }

    /// <summary>Tokens of the rows.</summary>
    public required int[] Tokens { get; init; }

    /// <summary>Their masses.</summary>
    public required float[] Masses { get; init; }

    /// <summary>[length] missing masses.</summary>
    public required float[] Missing { get; init; }

    /// <summary>A document without teachers: every row is masked.</summary>
    /// <param name="id">Its name.</param>
    /// <param name="ids">Tokens.</param>
    public static AlignedTokens Untaught(string id, int[] ids) =>
        new() { Id = id, Ids = ids, Offsets = new int[ids.Length + 1], Tokens = [], Masses = [], Missing = new float[ids.Length] };

    /// <summary>A document, checked.</summary>
    /// <param name="id">Its name.</param>
    /// <param name="where">Its place, for messages.</param>
    /// <param name="ids">Tokens.</param>
    /// <param name="tokens">[length] tokens of the rows.</param>
    /// <param name="masses">[length] their masses.</param>
    /// <param name="missing">[length] missing masses; null stands for none.</param>
    /// <exception cref="AlignmentDataException">The lists do not fit each other, or a mass is none.</exception>
    public static AlignedTokens Of(string id, string where, int[] ids, int[][] tokens, double[][] masses, double[]? missing)
    {
        if (ids.Length == 0)
            throw new AlignmentDataException($"{where}: an empty document; remove it.");
        if (Array.FindIndex(ids, static t => t < 0) is var bad and >= 0)
            throw new AlignmentDataException($"{where}, input_ids {bad}: {ids[bad]} is no token; align the document again.");
        if (tokens.Length != ids.Length || masses.Length != ids.Length || (missing is not null && missing.Length != ids.Length))
            throw new AlignmentDataException($"{where}: {ids.Length} input_ids, {tokens.Length} fused_indices, {masses.Length} fused_probs and {missing?.Length ?? ids.Length} fused_missing; align the document again.");
        int[] offsets = new int[ids.Length + 1];
        for (int t = 0; t < ids.Length; t++)
        {
            double sum = masses[t].Sum(), left = missing?[t] ?? 0;
            if (tokens[t].Length != masses[t].Length)
                throw new AlignmentDataException($"{where}, row {t}: {tokens[t].Length} fused_indices and {masses[t].Length} fused_probs; align the document again.");
            if (tokens[t].Length > 0 && !(Array.TrueForAll(masses[t], static m => m >= 0) && left >= 0 && Math.Abs(sum + left - 1) < 1e-4))
                throw new AlignmentDataException($"{where}, row {t}: fused_probs sum to {sum:R} and fused_missing is {left:R}, which is no distribution; align the document again with --output probabilities.");
            if (Array.Exists(tokens[t], static y => y < 0) || tokens[t].Distinct().Count() != tokens[t].Length)
                throw new AlignmentDataException($"{where}, row {t}: fused_indices are no tokens, or one stands twice; align the document again.");
            offsets[t + 1] = offsets[t] + tokens[t].Length;
        }

        return new AlignedTokens
        {
            Id = id,
            Ids = ids,
            Offsets = offsets,
            Tokens = [.. tokens.SelectMany(static row => row)],
            Masses = [.. masses.SelectMany(static row => row.Select(static m => (float)m))],
            Missing = [.. tokens.Select((row, t) => row.Length == 0 ? 0 : (float)Math.Min(1, missing?[t] ?? 0))],
        };
    }
}
