using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>The rows of one chunk of documents that receive something, and everything that the row kernels read and write. One thread works on one row.</summary>
/// <remarks>n = <see cref="Used"/> source candidates and m = <see cref="ColumnRoom"/> columns are the strides of a row's problem; the counts are its true sides.</remarks>
internal struct RowArguments
{
    /// <summary>Rows.</summary>
    public int Count;

    /// <summary>Source candidates per position.</summary>
    public int SourceK;

    /// <summary>Target candidates per position.</summary>
    public int TargetK;

    /// <summary>Source candidates used (the window).</summary>
    public int Used;

    /// <summary>Target candidates used.</summary>
    public int ColumnsUsed;

    /// <summary>Stride of a row's columns.</summary>
    public int ColumnRoom;

    /// <summary>Stride of a row's results.</summary>
    public int ResultRoom;

    /// <summary>Most tokens of a finished row.</summary>
    public int Kept;

    /// <summary>1: true probabilities and a missing mass; 0: softmax.</summary>
    public int Tail;

    /// <summary>1: columns are the target's and each candidate's nearest token.</summary>
    public int Union;

    /// <summary>1: measure the teacher signal kept.</summary>
    public int Signal;

    /// <summary>Softmax temperature.</summary>
    public double Temperature;

    /// <summary>[16] <see cref="DeviceMath.Powers"/>.</summary>
    public ArrayView<double> Powers;

    /// <summary>[rows] position in the chunk's source of the row that is taken.</summary>
    public ArrayView<int> SourceRow;

    /// <summary>[rows] position in the chunk's target.</summary>
    public ArrayView<int> TargetRow;

    /// <summary>[rows] place among the prepared rows, or -1.</summary>
    public ArrayView<int> Prepared;

    /// <summary>[rows] 1: a leading space of a column's text is the dummy prefix.</summary>
    public ArrayView<byte> DropsSpace;

    /// <summary>[positions, SourceK] source candidates.</summary>
    public ArrayView<int> SourceCandidates;

    /// <summary>[positions, SourceK] their logits.</summary>
    public ArrayView<double> SourceLogits;

    /// <summary>[positions] log-sum-exp; empty unless <see cref="Tail"/>.</summary>
    public ArrayView<double> LogSumExp;

    /// <summary>[positions, TargetK] target candidates.</summary>
    public ArrayView<int> TargetCandidates;

    /// <summary>[positions, TargetK] their logits.</summary>
    public ArrayView<double> TargetLogits;

    /// <summary>[source vocabulary] the official map.</summary>
    public ArrayView<int> OfficialMap;

    /// <summary>[source vocabulary] nearest target token by text.</summary>
    public ArrayView<int> NearestText;

    /// <summary>[source vocabulary] what fits a token under projection <c>byte</c>, negative where nothing does; else empty.</summary>
    public ArrayView<int> FitOfToken;

    /// <summary>[target vocabulary] id on the columns' tape of a text without its leading space; empty where the target adds no prefix.</summary>
    public ArrayView<int> WithoutSpace;

    /// <summary>[target positions + 1] first entry of each row of the prior; empty without one.</summary>
    public ArrayView<int> PriorStarts;

    /// <summary>Tokens of the prior's rows.</summary>
    public ArrayView<int> PriorTokens;

    /// <summary>Their probabilities.</summary>
    public ArrayView<double> PriorValues;

    /// <summary>[prepared] candidates of a row that the host collected.</summary>
    public ArrayView<int> PreparedCount;

    /// <summary>[prepared, n] ids as in <see cref="RowIds"/>.</summary>
    public ArrayView<int> PreparedIds;

    /// <summary>[prepared, n] source tokens as in <see cref="RowTokens"/>.</summary>
    public ArrayView<int> PreparedTokens;

    /// <summary>[prepared, n] masses.</summary>
    public ArrayView<double> PreparedMass;

    /// <summary>[prepared, n] nearest target tokens.</summary>
    public ArrayView<int> PreparedNearest;

    /// <summary>[prepared] missing mass.</summary>
    public ArrayView<double> PreparedMissing;

    /// <summary>[rows, n] ids of the candidates on the rows' tape, or of what fits them under projection <c>byte</c>; negative where there is none.</summary>
    public ArrayView<int> RowIds;

    /// <summary>[rows, n] source tokens of the candidates, -1 for a rest, which is none; empty unless costs read embeddings.</summary>
    public ArrayView<int> RowTokens;

    /// <summary>[rows, m] ids of the columns on their tape, -1 where there is none.</summary>
    public ArrayView<int> ColumnIds;

    /// <summary>[rows, m] target tokens of the columns; where there is none -1, which preset <c>reference</c> leaves out.</summary>
    public ArrayView<int> ColumnTokens;

    /// <summary>[rows, n] masses a.</summary>
    public ArrayView<double> RowMass;

    /// <summary>[rows, m] masses b.</summary>
    public ArrayView<double> ColumnMass;

    /// <summary>[rows] candidates; 0 where no transport runs.</summary>
    public ArrayView<int> RowCounts;

    /// <summary>[rows] columns.</summary>
    public ArrayView<int> ColumnCounts;

    /// <summary>[rows] mapped candidates of preset <c>reference</c>, or -1: a candidate is not in the map.</summary>
    public ArrayView<int> MappedCounts;

    /// <summary>[rows, SourceK] mapped target tokens, without duplicates.</summary>
    public ArrayView<int> MappedTokens;

    /// <summary>[rows, SourceK] their logits.</summary>
    public ArrayView<double> MappedLogits;

    /// <summary>[rows, SourceK] softmax over the whole source row of preset <c>reference</c>, or the candidates' nearest tokens' mass.</summary>
    public ArrayView<double> WholeMass;

    /// <summary>[rows, n] nearest target token of each candidate.</summary>
    public ArrayView<int> Nearest;

    /// <summary>[rows, n] column that a candidate's mass goes to.</summary>
    public ArrayView<byte> Chosen;

    /// <summary>[rows, n] that mass.</summary>
    public ArrayView<double> ChosenMass;

    /// <summary>[rows] missing mass, before and after.</summary>
    public ArrayView<double> Missing;

    /// <summary>[rows] tokens of the result; -1 where the row receives nothing after all, -2 where the plan was not finite and the mapped logits stand.</summary>
    public ArrayView<int> ResultCounts;

    /// <summary>[rows, ResultRoom] result tokens.</summary>
    public ArrayView<int> ResultTokens;

    /// <summary>[rows, ResultRoom] result values.</summary>
    public ArrayView<double> ResultValues;

    /// <summary>[rows, ResultRoom] scratch: the values as the student sees them, then the source's mass by nearest token.</summary>
    public ArrayView<double> Scratch;

    /// <summary>[rows, SourceK] scratch: nearest tokens without duplicates.</summary>
    public ArrayView<int> SignalTokens;

    /// <summary>[rows, SourceK] scratch: their mass.</summary>
    public ArrayView<double> SignalMass;

    /// <summary>[rows] teacher signal kept.</summary>
    public ArrayView<double> SignalKept;
}
