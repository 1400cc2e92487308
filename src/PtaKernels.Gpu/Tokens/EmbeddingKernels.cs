using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ILGPU;
using PtaKernels.Rules;

namespace PtaKernels.Gpu;

/// <summary>Distances between embedded tokens on one device, and its embedding tables, each copied once and kept while its <see cref="TokenEmbeddings"/> lives. Thread-safe.</summary>
/// <remarks>What is queued reads the tables: keep the embeddings reachable until the lane is synchronised. Tokens are not checked here: each must be in its table, or -1.</remarks>
internal sealed class EmbeddingKernels(GpuDevice device, DeviceTapes tapes)
{
    private const int ComparedProducts = 65_536;

    private readonly ConditionalWeakTable<TokenEmbeddings, DeviceEmbeddings> _known = [];
    private readonly Lazy<bool> _hasDot = new(() => !device.IsEmulator && AgreesWithItsTwin(device), LazyThreadSafetyMode.PublicationOnly);

    /// <summary>Tables on the device.</summary>
    /// <exception cref="GpuException">The device is full.</exception>
    public DeviceEmbeddings Of(TokenEmbeddings embeddings)
    {
        // Chunks start together, and tables are large: one of them copies.
        lock (_known)
            return _known.GetValue(embeddings, e => new DeviceEmbeddings(device, tapes, e));
    }

    /// <summary>Cosine distances in many matrices of one shape, u8.</summary>
    /// <param name="lane">Stream and memory.</param>
    /// <param name="embeddings">The vectors.</param>
    /// <param name="sourceTokens">[batch, n] tokens, or -1.</param>
    /// <param name="targetTokens">[batch, m] tokens, or -1.</param>
    /// <param name="batch">Matrices.</param>
    /// <param name="n">Rows.</param>
    /// <param name="m">Columns.</param>
    /// <param name="cost">[batch, n, m] receives <see cref="IKernelBackend.ComputeEmbeddingCosts"/>.</param>
    public void QueueDistances(
        GpuLane lane, DeviceEmbeddings embeddings, ArrayView<int> sourceTokens, ArrayView<int> targetTokens, int batch, int n, int m, ArrayView<byte> cost) =>
        Launch(lane, _hasDot.Value ? EmbeddingCosts.Distances : EmbeddingCosts.PlainDistances, batch, new EmbeddingCosts.Arguments
        {
            Embeddings = embeddings.View,
            SourceTokens = sourceTokens,
            TargetTokens = targetTokens,
            Rows = n,
            Columns = m,
            Cost = cost,
        });

    /// <summary>Turns the edit costs of a chunk's rows into semantic costs, in place; see <see cref="SemanticCosts"/>.</summary>
    /// <param name="lane">Stream and memory.</param>
    /// <param name="embeddings">The vectors.</param>
    /// <param name="rows">The rows: texts and tokens of both sides.</param>
    /// <param name="rowTape">Texts of the rows.</param>
    /// <param name="columnTape">Texts of the columns.</param>
    /// <param name="share">Of <see cref="SemanticCosts.ShareOf"/>.</param>
    /// <param name="cost">[rows, n, m] edits, exact where no range flag was raised.</param>
    public void QueueCosts(GpuLane lane, DeviceEmbeddings embeddings, in RowArguments rows, DeviceTape rowTape, DeviceTape columnTape, int share, ArrayView<byte> cost) =>
        Launch(lane, _hasDot.Value ? EmbeddingCosts.Costs : EmbeddingCosts.PlainCosts, rows.Count, new EmbeddingCosts.Arguments
        {
            Embeddings = embeddings.View,
            SourceTokens = rows.RowTokens,
            TargetTokens = rows.ColumnTokens,
            Rows = rows.Used,
            Columns = rows.ColumnRoom,
            Cost = cost,
            SourceTexts = rowTape.View.Tokens,
            TargetTexts = columnTape.View.Tokens,
            SourceIds = rows.RowIds,
            TargetIds = rows.ColumnIds,
            Share = share,
        });

    private void Launch(GpuLane lane, Action<EmbeddingCosts.Arguments> method, int batch, EmbeddingCosts.Arguments arguments)
    {
        LoadedKernel<EmbeddingCosts.Arguments> kernel = device.Load(method);
        int rowsOfBlock = EmbeddingCosts.RowsOfWarp * kernel.Threads / 32;
        arguments.RowTiles = (arguments.Rows + rowsOfBlock - 1) / rowsOfBlock;
        arguments.ColumnTiles = (arguments.Columns + EmbeddingCosts.TileColumns - 1) / EmbeddingCosts.TileColumns;
        kernel.Launch(lane.Stream, (long)batch * arguments.RowTiles * arguments.ColumnTiles, arguments);
    }

    private static bool AgreesWithItsTwin(GpuDevice device)
    {
        using GpuLane lane = device.Rent();
        int[] inputs = new int[3 * ComparedProducts], different = new int[1];
        new Random(4).NextBytes(MemoryMarshal.AsBytes(inputs.AsSpan()));
        ArrayView<int> result = lane.TakeZeroed<int>(1);
        device.Load<InstructionsProbe.DotArguments>(InstructionsProbe.CompareDots).LaunchPerItem(
            lane.Stream, ComparedProducts, new InstructionsProbe.DotArguments { Inputs = lane.Upload<int>(inputs), Different = result });
        lane.Download(result, different);
        if (different[0] != 0)
            device.AddNotice($"{device.Name} multiplies vectors otherwise by its own instruction than by plain code, so embedding distances use plain code and are slower; please report the device and the driver.");
        return different[0] == 0;
    }
}
