using static TorchSharp.torch;

namespace PtaKernels.Training;

/// <summary>Orthonormal bases of two spaces in which rows of the same meaning lie as near one another as rotations can bring them (orthogonal Procrustes: Schönemann 1966).</summary>
/// <remarks>
/// With M = X'Y = U S V' of the rows X and Y of shared tokens, U_r V_r' is the map of rank r that maximises the sum of their dot products; spaces of different widths need no more than that.
/// Up to a width of <see cref="ExactWidth"/> the decomposition is exact, beyond it by random projection: r + 32 seeded Gaussian directions and four power iterations (Halko, Martinsson and Tropp 2011, algorithm 5.1 over 4.4).
/// </remarks>
internal sealed class OrthogonalMap : IDisposable
{
    /// <summary>Widest table with an exact decomposition.</summary>
    public const int ExactWidth = 2048;

    /// <summary>Shorter than this a projected row is zero: lengths of rows with a direction are around 1.</summary>
    private const double LeastLength = 1e-30;

    private const int Oversampling = 32;
    private const int PowerIterations = 4;
    private const ulong Seed = 20;

    private OrthogonalMap(Tensor source, Tensor target) => (Source, Target) = (source, target);

    /// <summary>[source width, r] U_r, float32.</summary>
    public Tensor Source { get; }

    /// <summary>[target width, r] V_r, float32.</summary>
    public Tensor Target { get; }

    /// <summary>Fits.</summary>
    /// <param name="source">[n, source width] rows of length 1.</param>
    /// <param name="target">[n, target width] their partners.</param>
    /// <param name="rank">r, at most both widths.</param>
    /// <param name="exactWidth">Widest table with an exact decomposition.</param>
    public static OrthogonalMap Fit(Tensor source, Tensor target, int rank, int exactWidth = ExactWidth)
    {
        using var scope = NewDisposeScope();
        Tensor product = source.transpose(0, 1).matmul(target);
        (Tensor u, Tensor v) = Math.Max(product.shape[0], product.shape[1]) <= exactWidth ? Exact(product) : Randomised(product, rank);
        return new OrthogonalMap(Basis(u), Basis(v));

        Tensor Basis(Tensor vectors) => vectors.narrow(1, 0, rank).to(ScalarType.Float32).contiguous().MoveToOuterDisposeScope();
    }

    /// <summary>Rows in the common space, of length 1 again; zeros stay zeros.</summary>
    /// <param name="rows">[n, width].</param>
    /// <param name="basis"><see cref="Source"/> or <see cref="Target"/>.</param>
    /// <returns>[n, r].</returns>
    public static Tensor Project(Tensor rows, Tensor basis)
    {
        using var scope = NewDisposeScope();
        Tensor projected = rows.matmul(basis);
        // A row that the map leaves nothing of is as good as none.
        return (projected / projected.norm(1, keepdim: true).clamp_min(LeastLength)).MoveToOuterDisposeScope();
    }

    /// <summary>Whole numbers, as <see cref="TokenEmbeddings"/> has them: times its length, rounded half to even, -127..127, with zeros behind.</summary>
    /// <param name="rows">[n, r] of length 1.</param>
    /// <param name="dimensions">At least r.</param>
    /// <returns>[n, dimensions].</returns>
    public static sbyte[] Quantise(Tensor rows, int dimensions)
    {
        using var scope = NewDisposeScope();
        Tensor padded = zeros(rows.shape[0], dimensions, dtype: ScalarType.Int8);
        padded.narrow(1, 0, rows.shape[1]).copy_((rows * TokenEmbeddings.Length).round().clamp(-sbyte.MaxValue, sbyte.MaxValue));
        return padded.data<sbyte>().ToArray();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Source.Dispose();
        Target.Dispose();
    }

    private static (Tensor U, Tensor V) Exact(Tensor product)
    {
        (Tensor u, _, Tensor vh) = linalg.svd(product.to(ScalarType.Float64), fullMatrices: false);
        return (u, vh.transpose(0, 1));
    }

    private static (Tensor U, Tensor V) Randomised(Tensor product, int rank)
    {
        Tensor wide = product.to(ScalarType.Float64), tall = wide.transpose(0, 1);
        long sampled = Math.Min(rank + Oversampling, Math.Min(wide.shape[0], wide.shape[1]));
        using var generator = new Generator(Seed);
        Tensor range = Orthonormal(wide.matmul(empty([wide.shape[1], sampled], ScalarType.Float64).normal_(0, 1, generator)));
        for (int i = 0; i < PowerIterations; i++)
            range = Orthonormal(wide.matmul(Orthonormal(tall.matmul(range))));
        (Tensor u, Tensor v) = Exact(range.transpose(0, 1).matmul(wide));
        return (range.matmul(u), v);
    }

    private static Tensor Orthonormal(Tensor columns) => linalg.qr(columns).Q;
}
