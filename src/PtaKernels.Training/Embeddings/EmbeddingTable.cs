using PtaKernels.Training.Safetensors;
using static TorchSharp.torch;

namespace PtaKernels.Training;

/// <summary>A model's input embeddings, centred and scaled: what an orthogonal map between two models is fitted on.</summary>
/// <remarks>
/// Trained tables share a large mean and a few strong directions, which say how often a token is seen and would make all rare tokens alike; lengths say so too. They go: one direction for each
/// <see cref="WidthOfCommon"/> numbers of a row (Mu and Viswanath 2018, "All-but-the-Top"). What is left of a row is its meaning, as a direction.
/// </remarks>
internal sealed class EmbeddingTable : IDisposable
{
    /// <summary>Numbers of a row for each direction that is taken for common.</summary>
    public const int WidthOfCommon = 100;

    private EmbeddingTable(Tensor rows, bool[] known) => (Rows, Known) = (rows, known);

    /// <summary>[tokens, width] float32, each row of length 1, or zeros where a token has no vector.</summary>
    public Tensor Rows { get; }

    /// <summary>[tokens] whether a token has a vector: it is ordinary, and its row is finite and not zero.</summary>
    public bool[] Known { get; }

    /// <summary>Numbers per row.</summary>
    public int Width => (int)Rows.shape[1];

    /// <summary>Directions that are left of rows of some width: the most that a map can have dimensions.</summary>
    public static int DirectionsOf(int width) => width - (width / WidthOfCommon);

    /// <summary>Reads the table of a checkpoint and nothing else of it; rows beyond the vocabulary are padding.</summary>
    /// <param name="folder">The checkpoint.</param>
    /// <param name="vocabulary">Its tokenizer's.</param>
    /// <param name="notice">Told of rows that are not numbers, and of options without effect.</param>
    /// <exception cref="AlignmentDataException">A file is missing or damaged, or the table has fewer rows than the vocabulary.</exception>
    public static EmbeddingTable Read(string folder, TokenVocabulary vocabulary, Action<string>? notice)
    {
        ModelConfig config = ModelFiles.ReadConfig(folder, notice);
        ModelFiles.CheckTokenizer(config, vocabulary.Count, folder);
        WeightShape shape = ModelFamilies.Shapes(config).First();
        using CheckpointFiles files = CheckpointFiles.Open(folder);
        ModelFiles.Check(files, [shape]);
        (SafetensorsFile file, SafetensorsEntry entry) = files.Find(shape.Name)!.Value;
        using var scope = NewDisposeScope();
        EmbeddingTable read = Of(file.Read(entry).narrow(0, 0, vocabulary.Count).to(ScalarType.Float32), vocabulary, $"{file.FilePath}: weight '{entry.Name}'", notice);
        read.Rows.MoveToOuterDisposeScope();
        return read;
    }

    /// <summary>Centres and scales a table.</summary>
    /// <param name="table">[tokens, width] float32.</param>
    /// <param name="vocabulary">Whose tokens they are.</param>
    /// <param name="name">Of the table, for messages.</param>
    /// <param name="notice">Told of rows that are not numbers.</param>
    /// <exception cref="AlignmentDataException">No token has a vector.</exception>
    public static EmbeddingTable Of(Tensor table, TokenVocabulary vocabulary, string name, Action<string>? notice)
    {
        using var scope = NewDisposeScope();
        bool[] ordinary = [.. Enumerable.Range(0, vocabulary.Count).Select(t => vocabulary.HasToken(t) && !vocabulary.IsSpecial(t))];
        bool[] finite = Bools(table.isfinite().all(1)), filled = Bools(table.ne(0).any(1));
        NameDamaged(finite, name, notice);
        bool[] given = [.. ordinary.Select((one, t) => one && finite[t] && filled[t])];
        if (!Array.Exists(given, static g => g))
            throw new AlignmentDataException($"{name} has no ordinary token with numbers other than 0; use a checkpoint that was trained.");
        Tensor places = Places(given), centred = WithoutCommon(table - table.index_select(0, places).mean([0]), places);
        Tensor lengths = centred.norm(1, keepdim: true);
        bool[] scalable = Bools((lengths.gt(0) & lengths.isfinite()).view(-1));
        bool[] known = [.. given.Select((one, t) => one && scalable[t])];
        Tensor rows = where(tensor(known).unsqueeze(1), centred / lengths, zeros_like(centred));
        return new EmbeddingTable(rows.MoveToOuterDisposeScope(), known);
    }

    /// <summary>Rows of some tokens.</summary>
    public Tensor Select(IEnumerable<int> tokens) => Rows.index_select(0, tensor(tokens.Select(static t => (long)t).ToArray()));

    /// <inheritdoc/>
    public void Dispose() => Rows.Dispose();

    private static Tensor WithoutCommon(Tensor centred, Tensor places)
    {
        int count = (int)centred.shape[1] - DirectionsOf((int)centred.shape[1]);
        if (count == 0)
            return centred;
        Tensor rows = centred.index_select(0, places);
        // The best map of a table to itself begins with its principal directions.
        using var common = OrthogonalMap.Fit(rows, rows, count);
        return centred - centred.matmul(common.Source).matmul(common.Source.transpose(0, 1));
    }

    private static void NameDamaged(bool[] finite, string name, Action<string>? notice)
    {
        int[] damaged = [.. finite.Index().Where(static f => !f.Item).Select(static f => f.Index)];
        if (damaged.Length == 0)
            return;
        string rows = string.Join(", ", damaged.Take(3)) + (damaged.Length > 3 ? $" and {damaged.Length - 3} more" : "");
        notice?.Invoke($"{name} has NaN or infinite numbers in row{(damaged.Length == 1 ? "" : "s")} {rows}; these tokens get no vector.");
    }

    private static bool[] Bools(Tensor flags) => flags.data<bool>().ToArray();

    private static Tensor Places(bool[] flags) => tensor(flags.Index().Where(static f => f.Item).Select(static f => (long)f.Index).ToArray());
}
