using TorchSharp.Modules;
using static TorchSharp.torch;

namespace PtaKernels.Training;

/// <summary>What the layers of the families share.</summary>
internal static class DecoderParts
{
    /// <summary>x / sqrt(mean(x²) + epsilon), computed in float32, times the weight.</summary>
    public static Tensor RootMeanSquareNorm(Tensor x, Tensor weight, double epsilon)
    {
        Tensor wide = x.to(ScalarType.Float32);
        Tensor scale = (wide * wide).mean([-1], keepdim: true).add(epsilon).rsqrt();
        return (wide * scale).to(x.dtype) * weight;
    }

    /// <summary>(x - mean) / sqrt(variance + epsilon), times the weight, plus the bias where there is one.</summary>
    public static Tensor LayerNorm(Tensor x, Tensor weight, Tensor? bias, double epsilon) =>
        nn.functional.layer_norm(x, [x.shape[^1]], weight, bias, epsilon);

    /// <summary>The activation's value.</summary>
    public static Tensor Activate(Activation activation, Tensor x) => activation switch
    {
        Activation.Silu => nn.functional.silu(x),
        Activation.GeluTanh => nn.functional.gelu(x, GELU.Approximate.tanh),
        Activation.Relu => nn.functional.relu(x),
        _ => nn.functional.gelu(x),
    };

    /// <summary>softmax(q k' scale + mask) v for every head.</summary>
    /// <param name="queries">[batch, length, heads, width].</param>
    /// <param name="keys">[batch, length, key-value heads, width]; each serves as many query heads in a row.</param>
    /// <param name="values">As the keys.</param>
    /// <param name="mask">Added to the scores, [batch or 1, heads or 1, length, length]; null for plain causal attention.</param>
    /// <param name="scale">Null for 1 / sqrt(width).</param>
    /// <returns>[batch, length, heads * width].</returns>
    public static Tensor Attend(Tensor queries, Tensor keys, Tensor values, Tensor? mask, double? scale)
    {
        long[] shape = queries.shape;
        // The kernel divides by the root itself and takes no other scale.
        if (scale is not null)
            queries = queries * (scale.Value * Math.Sqrt(shape[3]));
        Tensor result = nn.functional.scaled_dot_product_attention(
            queries.transpose(1, 2), PerQueryHead(keys, shape[2]), PerQueryHead(values, shape[2]), mask, is_casual: mask is null);
        return result.transpose(1, 2).reshape(shape[0], shape[1], shape[2] * shape[3]);
    }

    private static Tensor PerQueryHead(Tensor x, long heads)
    {
        long[] shape = x.shape;
        Tensor byHead = x.transpose(1, 2);
        return shape[2] == heads
            ? byHead
            : byHead.unsqueeze(2).expand(shape[0], shape[2], heads / shape[2], shape[1], shape[3]).reshape(shape[0], heads, shape[1], shape[3]);
    }
}
