using System.Text.Json.Nodes;
using PtaKernels.Training.Safetensors;
using static TorchSharp.torch;

namespace PtaKernels.Training;

/// <summary>Writes a <c>config.json</c> that <see cref="ConfigReader"/> and <c>transformers</c> read as the same model.</summary>
internal static class ConfigWriter
{
    /// <summary>Text of the file.</summary>
    /// <param name="config">The model.</param>
    /// <param name="type">Type of the weights.</param>
    public static string Write(ModelConfig config, ScalarType type)
    {
        JsonObject json = config.Family switch
        {
            ModelFamily.Mpt => Mpt(config),
            ModelFamily.GptNeoX => GptNeoX(config),
            _ => Llama(config),
        };
        json["vocab_size"] = config.Vocabulary;
        json["tie_word_embeddings"] = config.TiedEmbedding;
        json["torch_dtype"] = SafetensorsType.ConfigNameOf(type);
        return json.ToJsonString(JsonText.Indented) + "\n";
    }

    /// <summary>Text of a file whose weights have another type now.</summary>
    public static string WithType(string text, ScalarType type)
    {
        JsonObject json = JsonNode.Parse(text)!.AsObject();
        json[json.ContainsKey("dtype") ? "dtype" : "torch_dtype"] = SafetensorsType.ConfigNameOf(type);
        return json.ToJsonString(JsonText.Indented) + "\n";
    }

    private static JsonObject Llama(ModelConfig config)
    {
        (string architecture, string type) = config.Family switch
        {
            ModelFamily.Mistral => ("MistralForCausalLM", "mistral"),
            ModelFamily.Qwen2 => ("Qwen2ForCausalLM", "qwen2"),
            _ => ("LlamaForCausalLM", "llama"),
        };
        var json = new JsonObject
        {
            ["architectures"] = new JsonArray(architecture),
            ["model_type"] = type,
            ["hidden_size"] = config.Width,
            ["num_hidden_layers"] = config.Layers,
            ["num_attention_heads"] = config.Heads,
            ["num_key_value_heads"] = config.KeyValueHeads,
            ["head_dim"] = config.HeadWidth,
            ["intermediate_size"] = config.FeedForward,
            ["max_position_embeddings"] = config.MaxLength,
            ["rms_norm_eps"] = config.NormEpsilon,
            ["hidden_act"] = NameOf(config.Activation),
            ["rope_theta"] = config.RopeTheta,
            ["rope_scaling"] = Scaling(config.RopeScaling),
        };
        if (config.Family == ModelFamily.Llama)
        {
            json["attention_bias"] = config.AttentionBias;
            json["mlp_bias"] = config.FeedForwardBias;
        }
        else
        {
            json["sliding_window"] = config.SlidingWindow;
        }

        if (config.Family == ModelFamily.Qwen2)
        {
            json["use_sliding_window"] = config.SlidingWindow is not null;
            json["max_window_layers"] = config.FirstWindowLayer;
        }

        return json;
    }

    private static JsonObject Mpt(ModelConfig config) => new()
    {
        ["architectures"] = new JsonArray("MPTForCausalLM"),
        ["model_type"] = "mpt",
        ["d_model"] = config.Width,
        ["n_layers"] = config.Layers,
        ["n_heads"] = config.Heads,
        ["expansion_ratio"] = config.FeedForward / config.Width,
        ["max_seq_len"] = config.MaxLength,
        ["layer_norm_epsilon"] = config.NormEpsilon,
        ["no_bias"] = true,
        ["attn_config"] = new JsonObject
        {
            ["attn_type"] = "multihead_attention",
            ["alibi"] = true,
            ["alibi_bias_max"] = config.AlibiBiasMax,
            ["clip_qkv"] = config.ClipQkv,
            ["softmax_scale"] = config.SoftmaxScale,
        },
    };

    private static JsonObject GptNeoX(ModelConfig config) => new()
    {
        ["architectures"] = new JsonArray("GPTNeoXForCausalLM"),
        ["model_type"] = "gpt_neox",
        ["hidden_size"] = config.Width,
        ["num_hidden_layers"] = config.Layers,
        ["num_attention_heads"] = config.Heads,
        ["intermediate_size"] = config.FeedForward,
        ["max_position_embeddings"] = config.MaxLength,
        ["layer_norm_eps"] = config.NormEpsilon,
        ["hidden_act"] = NameOf(config.Activation),
        ["attention_bias"] = config.AttentionBias,
        ["rotary_pct"] = (double)config.RotaryWidth / config.HeadWidth,
        ["rotary_emb_base"] = config.RopeTheta,
        ["rope_scaling"] = Scaling(config.RopeScaling),
        ["use_parallel_residual"] = config.ParallelResidual,
    };

    private static JsonObject? Scaling(RopeScaling? scaling)
    {
        if (scaling is null)
            return null;
        var json = new JsonObject
        {
            ["rope_type"] = scaling.Kind.ToString().ToLowerInvariant(),
            ["factor"] = scaling.Factor,
            ["original_max_position_embeddings"] = scaling.OriginalLength,
        };
        if (scaling.Kind == RopeScalingKind.Llama3)
        {
            json["low_freq_factor"] = scaling.LowFrequencyFactor;
            json["high_freq_factor"] = scaling.HighFrequencyFactor;
        }
        else if (scaling.Kind == RopeScalingKind.Yarn)
        {
            json["beta_fast"] = scaling.BetaFast;
            json["beta_slow"] = scaling.BetaSlow;
            json["attention_factor"] = scaling.AttentionFactor;
        }

        return json;
    }

    private static string NameOf(Activation activation) => activation switch
    {
        Activation.Silu => "silu",
        Activation.GeluTanh => "gelu_new",
        Activation.Relu => "relu",
        _ => "gelu",
    };
}
