// The parts of Element Plus that this window uses, each with its own style; nothing else of it is loaded.
import 'element-plus/es/components/base/style/css'
import 'element-plus/es/components/dialog/style/css'
import 'element-plus/es/components/message/style/css'

export { ElConfigProvider } from 'element-plus/es/components/config-provider/index'
export { ElDialog } from 'element-plus/es/components/dialog/index'
export { ElMessage } from 'element-plus/es/components/message/index'
