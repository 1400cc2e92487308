namespace PtaKernels.Training;

/// <summary>Distributions over few tokens each, row after row.</summary>
internal sealed class SparseRows
{
    private readonly List<int> _offsets = [0];
    private readonly List<int> _ids = [];
    private readonly List<float> _masses = [];

    /// <summary>Closed rows.</summary>
    public int Count => _offsets.Count - 1;

    /// <summary>Tokens of the present row so far.</summary>
    public int Open => _ids.Count - _offsets[^1];

    /// <summary>Tokens of a closed row.</summary>
    public ReadOnlySpan<int> IdsOf(int row) => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_ids)[_offsets[row].._offsets[row + 1]];

    /// <summary>Their masses.</summary>
    public ReadOnlySpan<float> MassesOf(int row) => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_masses)[_offsets[row].._offsets[row + 1]];

    /// <summary>Gives a token of the present row its mass, in place of one that it has.</summary>
    public void Set(int id, float mass) => Change(id, _ => mass);

    /// <summary>Changes the mass of a token of the present row, 0 if it has none yet.</summary>
    public void Change(int id, Func<float, float> change)
    {
        int place = _ids.IndexOf(id, _offsets[^1]);
        if (place >= 0)
        {
            _masses[place] = change(_masses[place]);
            return;
        }

        _ids.Add(id);
        _masses.Add(change(0));
    }

    /// <summary>Copies a closed row of others into the present row.</summary>
    public void Copy(SparseRows other, int row)
    {
        _ids.AddRange(other.IdsOf(row));
        _masses.AddRange(other.MassesOf(row));
    }

    /// <summary>Closes the present row.</summary>
    public void EndRow() => _offsets.Add(_ids.Count);

    /// <summary>The rows as the loss takes them, without missing mass.</summary>
    /// <param name="labels">[rows] next tokens.</param>
    public FusionRows With(int[] labels) => new() { Labels = labels, Offsets = [.. _offsets], Ids = [.. _ids], Masses = [.. _masses], Missing = new float[Count] };
}
